"""What the App Home shows, read at once."""
