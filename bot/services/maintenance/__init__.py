"""Planned work: announced ahead, begun and ended on time, its alerts silenced meanwhile.

`windows` is what people ask for, `rounds` what becomes due; `transitions` is what follows from either (`silencing`,
`telling`), and `cards` shows it where incidents are announced. Commands use `windows`; the rest belongs to this room.
"""
