"""Records: everything known about one incident.

`gathering` reads it in one transaction; the API, the export and post-mortems are built from that. `documents` renders
it as Markdown and CSV. Nothing is written here.
"""
