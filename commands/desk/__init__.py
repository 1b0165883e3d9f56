"""How every command works: `desk` finds what is meant in a stored request, `call` is one request and its answers,
`book` the verbs, buttons and forms of one slash command.

`typed` reads what Slack made of people's words, `when` the times among them, `answers` gives the answer where they
are.
"""
