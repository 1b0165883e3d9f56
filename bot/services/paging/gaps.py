"""Who would not be paged although the runbook says so: the gaps that show only when it is too late."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from bot.domain.paging.page import Via
from bot.pagers import ways
from bot.runbook import Person, Runbook, Tier
from bot.settings import Settings

# What each way needs to know of a person; nothing for those that reach a service instead.
NEEDED: Mapping[Via, tuple[str, ...]] = {
    "slack": ("slack", "email"),
    "email": ("email",),
    "sms": ("phone",),
    "voice": ("phone",),
    "webhook": ("webhook",),
    "pagerduty": (),
}
# What the environment must hold for it.
CREDENTIALS: Mapping[Via, str] = {
    "slack": "SLACK_BOT_TOKEN",
    "email": "SMTP_URL",
    "sms": "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM",
    "voice": "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and a number in TWILIO_FROM",
    "pagerduty": "PAGERDUTY_ROUTING_KEY",
}
NOT_BUILT = "a version of Tocsin that can do it"


@dataclass(frozen=True)
class Gap:
    """A tier that nobody is in, a way that is not set up, or a person with nothing to reach them by.

    `own number`: the person's is the number that texts and calls come from.
    """

    tier: Tier
    kind: Literal["nobody", "not set up", "no contact", "own number"]
    via: Via | None = None
    person: Person | None = None
    needs: str = ""

    @property
    def is_of_runbook(self) -> bool:
        """Would it be one wherever the bot runs, or does only this environment lack something?"""
        return self.kind != "not set up"


def gaps(runbook: Runbook, ready: Collection[Via], *, own_number: str | None = None) -> list[Gap]:
    """Every gap, tier by tier. Whoever takes turns is looked at too: each of them is on call one day.

    `own_number`: the one that texts and calls come from.
    """
    return [gap for tier in runbook.tiers.values() for gap in _of_tier(runbook, tier, ready, own_number)]


def ready_ways(settings: Settings) -> frozenset[Via]:
    """The ways to reach somebody that this environment has the credentials for."""
    set_up: Mapping[Via, object] = {
        "slack": settings.slack_bot_token,
        "email": settings.smtp,
        "sms": settings.twilio,
        "voice": settings.twilio and settings.twilio.can_call,
        "webhook": True,
        "pagerduty": settings.pagerduty_routing_key,
    }
    return frozenset(via for via in ways() if set_up[via])


def _of_tier(runbook: Runbook, tier: Tier, ready: Collection[Via], own_number: str | None) -> list[Gap]:
    people = everybody(runbook, tier)
    if not people:
        return [Gap(tier, "nobody")]
    unready = [Gap(tier, "not set up", via, needs=missing(via)) for via in tier.via if via not in ready]
    unreachable = [
        Gap(tier, "no contact", via, person, " or ".join(NEEDED[via]))
        for via in tier.via
        for person in people
        if NEEDED[via] and not any(getattr(person, contact) for contact in NEEDED[via])
    ]
    ourselves = [
        Gap(tier, "own number", via, person)
        for via in tier.via
        for person in people
        if "phone" in NEEDED[via] and person.phone and person.phone == own_number
    ]
    return unready + unreachable + ourselves


def missing(via: Via) -> str:
    """What would have to be there for pages by this way."""
    return CREDENTIALS.get(via, NOT_BUILT) if via in ways() else NOT_BUILT


def everybody(runbook: Runbook, tier: Tier) -> list[Person]:
    """Who may ever be in this tier, each once."""
    keys: dict[str, None] = {}
    for entry in tier.who:
        keys |= dict.fromkeys(runbook.schedules[entry.key].people if entry.kind == "schedule" else [entry.key])
    return [runbook.people[key] for key in keys]
