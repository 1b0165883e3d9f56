"""Rehearsals: a scripted incident through the whole bot, in simulated time and before a simulated world.

`play` gives a `Rehearsal`: what happened, and what became of each expectation. Nothing of it leaves this machine.
"""

from bot.rehearsal.judging import Outcome
from bot.rehearsal.play import Hall, Rehearsal
from bot.rehearsal.telling import as_junit, as_replay, as_text

__all__ = ["Hall", "Outcome", "Rehearsal", "as_junit", "as_replay", "as_text"]
