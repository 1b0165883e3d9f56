"""The tables of ladders, pages, and what providers know of them."""
