"""Incidents: declared, worked on, resolved, reopened; every deed is one transaction and stands in the timeline.

`declarations` open them, `incidents` is their life, `responders` says who works on them, `membership` who is let in to
a private one and put out of it, `times` corrects its milestones,
`corrections` entries of its timeline. `rounds` looks at each that is due: `deadlines` (what
its severity promises), `nudges` (what its room lacks) and `inactivity` (an acknowledged incident of which nothing more
is heard), which leads to `withdrawals`; and `archiving`, whose room nobody needs any more after the end.
Other rooms use `declarations`, commands draw the buttons of `cards`.
"""
