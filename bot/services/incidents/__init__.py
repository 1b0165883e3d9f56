"""Incidents: declared, worked on, resolved, reopened; every deed is one transaction with an entry in the timeline.

`declarations` open them, `incidents` is their life, `responders` says who works on them, `membership` who may see a
private one, `times` corrects milestones, `corrections` timeline entries. `rounds` takes whatever is due: `deadlines`
(targets of the severity), `nudges` (what the room still lacks), `inactivity` (an acknowledged incident gone quiet,
which leads to `withdrawals`) and `archiving` (the room after the end). Other rooms use `declarations`; commands draw
the buttons of `cards`.
"""
