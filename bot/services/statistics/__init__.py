"""Statistics of a period, counted from what is stored; nothing is written.

`numbers` counts, `tables` makes JSON and CSV, `charts` makes pictures.
"""
