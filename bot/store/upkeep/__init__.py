"""What a process keeps about its work: how late it is, and whose time it goes by."""
