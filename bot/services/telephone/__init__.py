"""Telephones: what people answer by text (`texts`) and by key (`calls`), and what is known of numbers (`book`).

Texts and calls themselves go out as pages do: `paging`, and the shelf `bot/pagers/`.
"""
