"""Planned work: announced in advance, begun on time, its alerts silenced meanwhile.

`windows` is what people do, `rounds` what becomes due; `transitions` carries out either (with `silencing` and
`telling`), and `cards` shows it in the incidents channel. Commands use `windows`; the rest is private to this room.
"""
