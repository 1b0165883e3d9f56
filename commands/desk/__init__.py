"""How every command works: `desk` finds what a stored request means, `call` is one request and its answer, `book` a
slash command's verbs, buttons and forms.

`typed` decodes Slack's markup, `when` parses times, `answers` delivers the answer.
"""
