"""Paging: people are paged tier by tier until somebody acknowledges; a page counts as sent only once it was accepted.

What people ask for: `escalations`, `acknowledgements`, `snoozes`. `ladder_runs` starts and stops a ladder; `ladders`
takes its due `steps` (`due_steps`, `roster`, `policies`). `contacts` knows how people can be reached, `pages` makes a
step's pages, `sending` sends each after a `last_look`, `outcomes` records what became of it, `reports` takes what the
provider reports later, `reaching` judges whether anybody was reached (`doubts`: what nobody knows yet), `followups`
keeps sent pages in step with their incident (`standings`, `page_cards`), `late_pages` finds what Slack posts after a
page was given up, `call_list` says whom to call while nobody can be paged. Retries of a page are the outbox's, in
`outbox/attempts`.
"""
