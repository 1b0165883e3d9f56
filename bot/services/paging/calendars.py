"""Calendar feeds: a personal link shows the shifts of one schedule, or one's own in every schedule, and nothing
else."""

from hashlib import sha256
from typing import Any

from itsdangerous import BadData, URLSafeSerializer

from bot.clock import Clock
from bot.domain.errors import NotFound, Refused
from bot.domain.people.identity import is_slack_id
from bot.domain.people.upcoming import Upcoming, upcoming
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.keyring import CALENDARS, Keyring
from bot.services.people.covers import Covers
from bot.services.people.people import People

PATH = "/calendar/"


class Calendars:
    """All links are signed with one key, so rotating it revokes every link at once."""

    def __init__(
        self,
        clock: Clock,
        runbook: Runbook,
        people: People,
        covers: Covers,
        keyring: Keyring,
        rendering: Rendering,
        *,
        public_url: str | None,
    ) -> None:
        """`public_url` None: no calendar could reach us, so no new links are given out; existing links keep working."""
        self._clock = clock
        self._runbook = runbook
        self._people = people
        self._covers = covers
        self._keyring = keyring
        self._rendering = rendering
        self._public_url = public_url

    async def link(self, owner: str, schedule: str | None) -> str:
        """The owner's link to this schedule; `schedule` None: to their own shifts. Raises Refused, saying what is
        missing, or Failed."""
        if self._public_url is None:
            raise Refused(
                "PUBLIC_URL is not set, so no calendar could read this feed. Set it to the address of this bot."
            )
        if not self._runbook.schedules:
            raise Refused("The runbook has no schedules, so there are no shifts to show.")
        secret = (await self._keyring.get(CALENDARS)).secret
        return f"{self._public_url}{PATH}{_signer([secret]).dumps([owner, schedule])}.ics"

    async def shifts(self, token: str) -> tuple[str, list[Upcoming]]:
        """The feed's title and its shifts. Raises NotFound for a token we did not sign or whose owner or schedule has
        left the runbook; Failed."""
        owner, schedule = await self._read(token)
        now = self._clock.now()
        await self._covers.learn()
        # No await from here on: another task could replace the covers just learned with an older read.
        found = [
            shift
            for key in ([schedule] if schedule else self._runbook.schedules)
            for shift in upcoming(key, self._runbook.schedules[key].rotation, self._people.covers_of(key), now)
        ]
        own = [one for one in found if schedule or self._people.is_same(one.shift.person, owner)]
        return self._rendering.say("documents/calendar_name", owner=owner, schedule=schedule), own

    async def _read(self, token: str) -> tuple[str, str | None]:
        try:
            owner, schedule = _signer(await self._keyring.that_count(CALENDARS)).loads(token)
        except (BadData, TypeError, ValueError) as error:
            raise NotFound("There is no such calendar.") from error
        known = owner in self._runbook.people or is_slack_id(owner)
        if not known or (schedule is not None and schedule not in self._runbook.schedules):
            raise NotFound("There is no such calendar any more.")
        return owner, schedule


def _signer(keys: list[bytes]) -> URLSafeSerializer:
    options: dict[str, Any] = {"digest_method": sha256}
    # itsdangerous expects the newest key last.
    return URLSafeSerializer(list(reversed(keys)), salt="calendar", signer_kwargs=options)
