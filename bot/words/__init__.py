"""What audiences read: the organisation's own templates, and the shipped ones where it has none.

`sandbox` renders templates that somebody else wrote, `overrides` reads them from their folder, `audience` finds the
words.
"""
