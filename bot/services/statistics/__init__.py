"""Statistics: the numbers of a period, counted from what is stored. `numbers` has them; nothing is written.

`tables` makes CSV of them.
"""
