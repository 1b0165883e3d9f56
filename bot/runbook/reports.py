"""The report form for people without Slack: what a submitted report becomes."""

from bot.runbook.parts import Part
from bot.runbook.values import Level, Name


class Reports(Part):
    """An alert of this level, and an incident of the severity `declare`; None: no incident."""

    level: Level = "high"
    declare: Name | None = None
