"""What people type and press: one module, or package, is one slash command.

`call` is one request and its answer, `command` the book of a command's verbs, buttons and forms. `desk` finds them all
and works on stored requests, `about` finds the incident that is meant, `answers` gives the answer to the person,
`typed` reads what Slack made of their words, and `when` the times among them. A command parses, asks a service, and
replies: it decides nothing.
"""
