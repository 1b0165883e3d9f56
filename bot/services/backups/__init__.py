"""Backups: taken, proved, drilled and restored. No other room uses any of it.

Three kinds of long work share one shape: what people and the clock ask for (`backups`, `drills`, `restores`), the runs
that carry it out (`runs`, `drill_runs`, `restore_runs`), and the ledger that records it (`ledger`, …). `long_work` is
what they share: heartbeat, failure, shutdown. `dumps` makes and reads the files, `verdicts` judges them, `recovery`
brings them back, `restore_decisions` approves restores. A shell can use `manifests` and `proofs` without a database.
"""
