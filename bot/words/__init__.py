"""What audiences read: the organisation's own templates, otherwise the shipped ones.

`sandbox` renders untrusted templates, `overrides` reads them from their folder, `audience` chooses the template.
"""
