"""What the App Home shows, read in few round trips."""
