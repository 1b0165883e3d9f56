"""Reads Markdown as parts of a runbook: procedures kept as files, and drafts of whole runbooks.

Pure: text in, plain values with line numbers out; every text yields a value. `read_procedure` reads one file of
`procedure_files`; `drafts` drafts a whole runbook. Nothing here knows the runbook's models: drafts are validated by
`bot/runbook` like hand-written files.
"""

from bot.markdown.procedures import ProcedureText, read_procedure
from bot.markdown.words import key_of

__all__ = ["ProcedureText", "key_of", "read_procedure"]
