"""Scripted incidents: what happens when, and what has to come of it, as a file says it.

`read` and `load` give a `Script`: its `Scenario`, and where each part of it stands. Which runbook it is about is not
known before it is read; `Script.must_fit` holds the names in it to that runbook. Mistakes are reported as those of a
runbook are, each with its path and line. `load_past` and `replay_of` make a scenario of an exported incident.
"""

from bot.scenarios.expectations import Expectation
from bot.scenarios.game_days import Shelf, Told, told_in
from bot.scenarios.loading import Script, load, read
from bot.scenarios.models import Scenario
from bot.scenarios.replays import PastIncident, Replay, declared_as, load_past, replay_of
from bot.scenarios.steps import Deed, ScriptedAlert, Step

__all__ = [
    "Deed",
    "Expectation",
    "PastIncident",
    "Replay",
    "Scenario",
    "Script",
    "ScriptedAlert",
    "Shelf",
    "Step",
    "Told",
    "declared_as",
    "load",
    "load_past",
    "read",
    "replay_of",
    "told_in",
]
