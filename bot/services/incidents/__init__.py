"""Incidents: declared, worked on, resolved, reopened; every deed is one transaction and stands in the timeline.

`incidents` is their life. `rounds` looks at each that is due: `deadlines` (what its severity promises) and
`inactivity` (an acknowledged incident of which nothing more is heard). Other rooms use `incidents` and `cards`.
"""
