"""What people type and press in Slack: one module or package per slash command.

`call` is a request and its answer, `book` a command's verbs, buttons and forms. `desk` finds the right one for a stored
request, `which_incident` the incident meant, `answers` delivers the answer, `typed` decodes Slack's markup, `when`
parses times. A command parses, asks a service, and replies: it decides nothing.
"""
