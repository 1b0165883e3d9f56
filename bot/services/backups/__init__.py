"""Backups: taken, proved, drilled and restored. Other rooms use none of it.

Three kinds of long work have the same shape: what people and the clock ask for (`backups`, `drills`, `restores`), the
runs that carry it out (`runs`, `drill_runs`, `restore_runs`), and the ledger it is written down in (`ledger`, …). What
they share is `long_work`: heartbeat, failure, shutdown. `dumps` makes and reads the files, `verdicts` judges them,
`recovery` brings them back. Who may approve a restore: `restore_decisions`. A shell reads `manifests` and `proofs`
without a database.
"""
