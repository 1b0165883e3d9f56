"""Drafts of whole runbooks from the documents that a team already has. `draft_of` reads them, `written` writes YAML.

Nothing is invented: what a document does not say stands in the draft as a comment that asks for it.
"""

from bot.markdown.drafts.draft import Draft, Note
from bot.markdown.drafts.reading import draft_of
from bot.markdown.drafts.templates import template
from bot.markdown.drafts.writing import written

__all__ = ["Draft", "Note", "draft_of", "template", "written"]
