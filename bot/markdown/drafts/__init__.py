"""Drafts whole runbooks from a team's existing documents. `draft_of` reads them, `written` writes YAML.

Nothing is invented: what a document doesn't say becomes a TODO comment in the draft.
"""

from bot.markdown.drafts.draft import Draft, Note
from bot.markdown.drafts.reading import draft_of
from bot.markdown.drafts.templates import template
from bot.markdown.drafts.writing import written

__all__ = ["Draft", "Note", "draft_of", "template", "written"]
