"""The tables of cards, closed channels and rooms' members."""
