"""Rehearsals: a scripted incident played through the whole bot, in simulated time and a simulated world.

`play` returns a `Rehearsal`: what happened, and the outcome of each expectation. Nothing leaves this machine.
"""

from bot.rehearsal.judging import Outcome
from bot.rehearsal.play import Hall, Rehearsal
from bot.rehearsal.telling import as_junit, as_replay, as_text

__all__ = ["Hall", "Outcome", "Rehearsal", "as_junit", "as_replay", "as_text"]
