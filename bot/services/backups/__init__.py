"""Backups: taken, proved, drilled and restored; who may approve a restore is in `restores`.

`backups` is what people and the clock ask for, `runs` makes one, `verdicts` and `proofs` judge it, `retention` lets it
go. `drills` and `restores` have the same shape: the asking, then `…_runs`, `…_cards`; both bring dumps back by
`recovery`. Whatever takes long is a piece of `long_work`. Other rooms use none of it; a shell reads `manifests` and
`proofs` without a database.
"""
