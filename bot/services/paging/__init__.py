"""Paging: people are paged tier by tier until somebody answers, and nothing is called sent that was not accepted.

What people ask for: `escalations`, `acknowledgements`, `snoozes`. `ladder_runs` begins a ladder and stops it, `ladders`
takes `steps` that are due (`due_steps`, `roster`, `policies`). `contacts` knows by what people can be reached, `pages`
makes the pages of a step, `sending` sends each after a `last_look`, `outcomes` writes down what became of it, `reports`
hears of it later, `reaching` judges whether anybody was reached (`doubts`: what nobody knows at that moment),
`followups` shows on pages how their incident stands (`standings`, `page_cards`), `late_pages` finds what Slack posts
after a page has been given up, `call_list` is whom to call while nobody can be paged. A page's retries are the
outbox's, in `outbox/attempts`.
"""
