"""What people are asked for, as it is kept."""
