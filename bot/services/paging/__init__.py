"""Paging: people are paged tier by tier until somebody answers, and nothing is called sent that was not accepted.

`escalations` is what people ask for, `ladders` takes due steps (`due_steps`, `roster`, `policies`), `pages` makes the
pages of a step, `sending` sends each after a `last_look`, `reports` hears of it later, `reaching` judges whether
anybody was reached. A page's retries are the outbox's, in `outbox/attempts`.
"""
