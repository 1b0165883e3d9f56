"""The outbox: deliveries are written in the transaction that wants them, sent after its commit, and their outcome
recorded.

Other rooms add deliveries through `outbox` and define how to send them with a delivery kind (`kinds`). `leases`,
`attempts`, `places`, `limits` and `records` do the sending. `precedence` and `batching` help wherever many pages are
due at once.
"""
