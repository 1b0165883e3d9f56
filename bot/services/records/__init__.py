"""Records: everything that is known of one incident, gathered once.

`gathering` reads it from the stores in one transaction; the API, the export and whatever sums incidents up are made of
what it returns. `documents` makes Markdown and CSV of it. Nothing is written here.
"""
