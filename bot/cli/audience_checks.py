"""The doctor's checks of audiences: their outlets, statuspage.io, and our own status pages."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

from bot.cli.findings import Finding
from bot.clock import Clock
from bot.domain.errors import Failed
from bot.runbook import Runbook
from bot.runbook.audiences import OwnPage, StatusPage
from bot.services.updates.gaps import audience_gaps
from bot.settings import Settings
from bot.wire.http_client import http_client
from bot.wire.s3 import Access, Bucket, off_loop
from bot.wire.statuspage import Statuspage

SERVED = "GET /status"


async def audience_findings(settings: Settings, runbook: Runbook) -> AsyncIterator[Finding]:
    for gap in audience_gaps(runbook, settings):
        yield Finding(str(gap), "Until then this audience gets nothing that way.")
    for audience in runbook.audiences.values():
        if audience.statuspage and settings.statuspage_token:
            yield await _statuspage(settings, audience.key, audience.statuspage)
        if audience.page:
            yield await _own_page(settings, audience.key, audience.page)


async def _statuspage(settings: Settings, key: str, wanted: StatusPage) -> Finding:
    """Read the page and its components; changes nothing."""
    assert settings.statuspage_token
    where = f"audience {key}: statuspage.io page {wanted.page}"
    async with http_client() as session:
        api = Statuspage(session, Clock(), token=settings.statuspage_token, base_url=settings.statuspage_api_url)
        try:
            page = await api.page(wanted.page)
            known = await api.components(wanted.page) if wanted.components else []
        except Failed as error:
            return Finding(f"{where}: {error}", "Check STATUSPAGE_TOKEN, and the page's id in the runbook.")
    if missing := [id for id in wanted.components if id not in known]:
        return Finding(f"{where}: it has no component {', '.join(missing)}", f"It has: {', '.join(known) or 'none'}.")
    return Finding(f"{where}: found, “{page.get('name', '')}”")


async def _own_page(settings: Settings, key: str, page: OwnPage) -> Finding:
    """Check that the place exists; writes nothing."""
    where = f"audience {key}: status page"
    if page.to is None:
        return Finding(f"{where} at {SERVED} only: while the bot is down nobody can read it")
    try:
        if page.to.startswith("s3://"):
            bucket, client = Bucket.of(page.to), await Access(settings, answers_within_s=5, attempts=1).client()
            await off_loop(bucket, lambda: client.list_objects_v2(Bucket=bucket.name, MaxKeys=1))
        elif not await asyncio.to_thread(Path(page.to).is_dir):
            return Finding(f"{where}: {page.to} is not there yet, `tocsin run` makes it")
    except Failed as error:
        return Finding(f"{where}: {error}", "Fix that bucket, or S3_ENDPOINT_URL and the AWS_ variables.")
    return Finding(f"{where}: {page.to} is there")
