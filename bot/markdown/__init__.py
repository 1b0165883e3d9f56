"""What Markdown says, in the runbook's terms: procedures kept as files, and drafts of whole runbooks.

Pure: text in, plain values out, with the line of everything; any text at all gives a value. `read_procedure` reads one
file of `procedure_files`; `drafts` makes a draft of a whole runbook. Nothing here knows the runbook's models: what is
drafted is checked by `bot/runbook` like what somebody wrote.
"""

from bot.markdown.procedures import ProcedureText, read_procedure
from bot.markdown.words import key_of

__all__ = ["ProcedureText", "key_of", "read_procedure"]
