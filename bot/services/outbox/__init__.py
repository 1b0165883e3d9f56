"""The outbox: what leaves is put in with the transaction that wants it, carried after the commit, and its outcome
recorded.

Other rooms put in by `outbox`, and say with a kind of `kinds` how theirs is sent. `leases`, `attempts`, `places`,
`limits` and `records` are how it is carried. `precedence` and `batching` are used wherever many pages are due at once.
"""
