"""The tables of post-mortems and actions."""
