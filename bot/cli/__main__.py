"""`python -m bot.cli` is `tocsin`."""

from bot.cli import main

main()
