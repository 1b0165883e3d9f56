"""Telephones: replies by text (`texts`) and by keypad (`calls`), and what is known about numbers (`book`).

Texts and calls go out as pages: see `paging`, and the shelf `bot/pagers/`.
"""
