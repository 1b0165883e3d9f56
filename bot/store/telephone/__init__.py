"""What is kept of telephone numbers."""
