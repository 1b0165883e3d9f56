"""The snapshot of a severity's ladder and of its tiers: editing the runbook changes nothing in a running incident."""

from bot.domain.escalation import Policy, Step
from bot.runbook import Runbook, Severity, Tier


def policy_of(runbook: Runbook, severity: Severity) -> Policy:
    """Who is in a schedule is read when a step is taken; everything else as the runbook has it now."""
    escalation = severity.escalation
    steps = tuple(Step(step.page, step.wait) for step in escalation.steps)
    tiers = {step.tier: runbook.tiers[step.tier].model_dump(mode="json", exclude_none=True) for step in steps}
    return Policy(steps, escalation.repeat, escalation.stops_on, tiers)


def tier_of(policy: Policy, key: str) -> Tier:
    """The tier as it was when the ladder began."""
    return Tier.model_validate(policy.tiers[key])
