"""Our status pages: what each shows now, as HTML, JSON and feed."""

import base64
import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from bot.domain.updates.planned_facts import PREFIX
from bot.domain.updates.public_words import PublicWords
from bot.domain.updates.public_work import PublicWork, works_of
from bot.domain.updates.status_page import (
    OLD_AFTER,
    SHOWN_FOR,
    WRITTEN_EVERY,
    Edition,
    Meaning,
    PageFiles,
    PublicIncident,
    StatusPage,
    incidents_of,
)
from bot.rendering import Rendering, Safe
from bot.runbook import Runbook
from bot.runbook.audiences import Audience, OwnPage
from bot.services.updates.audiences import audience_called
from bot.store.database import Database
from bot.store.maintenance import maintenance
from bot.store.pipelined import Connection
from bot.store.updates import status_pages
from bot.store.updates.status_pages import PageRow

# The path of the page served here; where written files are published, we do not know.
PATH = "/status"


class StatusPages:
    """Reads and renders. `PageWriting` writes the files; the door serves them."""

    def __init__(
        self, db: Database, clock: Clock, runbook: Runbook, rendering: Rendering, *, public_url: str | None
    ) -> None:
        self._db = db
        self._clock = clock
        self._runbook = runbook
        self._rendering = rendering
        self._url = f"{public_url}{PATH}" if public_url else None

    @property
    def served(self) -> str | None:
        """The audience whose page is served here: the first that has one; None: there is none."""
        return next((key for key, one in self._runbook.audiences.items() if one.page), None)

    async def edition(self, audience_name: str) -> Edition:
        """Its files as of now. Raises NotFound for an unknown audience."""
        audience = audience_called(self._runbook, audience_name)
        own = audience.page or OwnPage()
        async with self._db.transaction() as conn:
            row = await status_pages.next_version(conn, audience.key, self._clock.now())
            page = await self._read(conn, audience, row)
        return Edition(own.to, row.version, self.written(page, is_file=True))

    async def look(self, audience_name: str) -> StatusPage:
        """What it shows now."""
        audience = audience_called(self._runbook, audience_name)
        async with self._db.transaction() as conn:
            return await self._read(conn, audience, await status_pages.page(conn, audience.key))

    def written(self, page: StatusPage, *, is_file: bool = False, old_since: datetime | None = None) -> PageFiles:
        """`is_file`: it must state its own age limits. `old_since`: it could not be read since then."""
        style = self._rendering.say("web/_status_style")
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
        headline = self._rendering.say("documents/status_headline", page=page)
        facts = {
            "page": page, "headline": headline, "style": Safe(style), "policy": policy, "old_since": old_since,
            "every": _minutes(WRITTEN_EVERY) if is_file else None, "old_after": _minutes(OLD_AFTER),
            "days": SHOWN_FOR.days,
        }  # fmt: skip
        return PageFiles(
            html=self._rendering.say("web/status", **facts).encode(),
            json=json.dumps(_as_json(page, headline, is_file), ensure_ascii=False, indent=1).encode(),
            atom=self._rendering.say("feed/status", **facts).encode(),
            policy=policy,
        )

    async def _read(self, conn: Connection, audience: Audience, row: PageRow) -> StatusPage:
        now, own = self._clock.now(), audience.page or OwnPage()
        sent = await status_pages.sent(conn, audience.key, now - SHOWN_FOR)
        of_works = await status_pages.sent_of_works(conn, audience.key, now - SHOWN_FOR)
        windows = await maintenance.those(conn, {one.maintenance_id for one in of_works})
        return StatusPage(
            title=own.title or self._rendering.say("documents/status_title", organisation=self._runbook.organisation),
            organisation=self._runbook.organisation,
            feed=row.feed,
            url=self._url if audience.key == self.served else None,
            written_at=now,
            began_at=row.began_at,
            incidents=incidents_of(sent, row.feed, self._meaning),
            works=works_of(of_works, windows, row.feed),
        )

    def _meaning(self, severity: str | None) -> Meaning:
        """The runbook's description; empty for a severity no longer in it."""
        known = self._runbook.severity_ids
        if severity not in known:
            return Meaning(len(known), "")
        one = self._runbook.severity(severity)
        return Meaning(known.index(severity), one.means or one.name)


def _minutes(span: timedelta) -> int:
    return round(span.total_seconds() / 60)


def _as_json(page: StatusPage, headline: str, is_file: bool) -> dict[str, Any]:
    return {
        "title": page.title,
        "organisation": page.organisation,
        "written_at": _instant(page.written_at),
        "written_every_seconds": round(WRITTEN_EVERY.total_seconds()) if is_file else None,
        "status": {"open": "incident", "over": "working"}.get(page.state, page.state),
        "headline": headline,
        "incidents": [_incident(one) for one in [*page.current, *page.past_incidents]],
        "maintenance": [_work(one) for one in [*page.under_way, *page.to_come, *page.past_works]],
    }


def _incident(incident: PublicIncident) -> dict[str, Any]:
    return {
        "id": incident.id,
        "state": incident.state,
        "severity": incident.meaning.words,
        "title": incident.title,
        "began_at": _instant(incident.began_at),
        "ended_at": _instant(incident.ended_at),
        "updates": [_words(one) for one in incident.words],
    }


def _work(work: PublicWork) -> dict[str, Any]:
    return {
        "id": work.id,
        "state": {"planned": "scheduled", "under_way": "in_progress"}.get(work.state, work.state),
        "title": work.title,
        "starts_at": _instant(work.starts_at),
        "ends_at": _instant(work.ends_at),
        "ended_at": _instant(work.ended_at),
        "components": list(work.components),
        "updates": [_words(one) for one in work.words],
    }


def _words(said: PublicWords) -> dict[str, Any]:
    moment = said.moment.removeprefix(PREFIX)
    return {"id": said.id, "moment": moment, "at": _instant(said.at), "title": said.subject, "text": said.text}


def _instant(at: datetime | None) -> str | None:
    return at.isoformat(timespec="seconds") if at else None
