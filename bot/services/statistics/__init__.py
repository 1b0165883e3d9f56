"""Statistics: the numbers of a period, counted from what is stored. `numbers` has them; nothing is written.

`tables` makes JSON and CSV of them, `charts` pictures.
"""
