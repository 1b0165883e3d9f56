"""The form for people without Slack: what a filled-in report becomes."""

from bot.runbook.parts import Part
from bot.runbook.values import Level, Name


class Reports(Part):
    """An alert of this level, and an incident of the severity in `declare`; None: no incident."""

    level: Level = "high"
    declare: Name | None = None
