"""`tocsin check --simulate`: who would be paged now, and the gaps."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

import click

from bot.cli.carrying import carry_out
from bot.clock import Clock
from bot.domain.errors import Failed
from bot.domain.paging.page import Via
from bot.pagers import way_name, ways
from bot.rendering import Rendering
from bot.runbook import Runbook
from bot.services.paging.gaps import Gap, gaps, ready_ways
from bot.services.paging.simulations import Reach, simulate_by_rotation
from bot.services.paging.unconfirmed_contacts import Unconfirmed, is_kept_true, unconfirmed
from bot.services.updates.gaps import AudienceGap, audience_gaps
from bot.settings import Settings
from bot.store.upkeep.inspection import inspect


def tell(runbook: Runbook, settings: Settings) -> None:
    """Print it; exits with 1 if the runbook itself has gaps."""
    _tell_ladders(runbook, settings)
    _tell_audience_gaps(audience_gaps(runbook, settings))
    _tell_unconfirmed(runbook, settings)
    _tell_gaps(gaps(runbook, ready_ways(settings), own_number=settings.twilio_from))


def _tell_ladders(runbook: Runbook, settings: Settings) -> None:
    rendering = Rendering(runbook.timezone)
    begins, ready = Clock().now(), ways_where_it_runs(settings)
    if settings.slack_bot_token is None:
        click.echo("SLACK_BOT_TOKEN is not set here, so every way to page is taken as set up:")
    for severity in runbook.severities:
        found = simulate_by_rotation(runbook, severity, begins, Reach(ready, settings.twilio_from))
        facts = {"severity": severity, "begins": begins, "simulation": found, "runbook": runbook}
        click.echo(rendering.say("documents/simulation", **facts))


def ways_where_it_runs(settings: Settings) -> frozenset[Via]:
    """The ways configured where the bot runs. Without a Slack token that isn't here, so assume all of them."""
    return frozenset(ways()) if settings.slack_bot_token is None else ready_ways(settings)


def _tell_audience_gaps(found: Sequence[AudienceGap]) -> None:
    """Never counted as the runbook's gaps: what is missing here may be configured where the bot runs."""
    if found:
        click.echo("Audiences that nothing reaches before this is set up:")
    for gap in found:
        click.echo(f"  {gap}")


def _tell_unconfirmed(runbook: Runbook, settings: Settings) -> None:
    """Depends on the database, not on the file, so it never fails the command."""
    if not is_kept_true(runbook):
        return
    if settings.database_url is None:
        click.echo("Whether contacts were confirmed is not known here: DATABASE_URL is not set.")
        return
    try:
        found = carry_out(inspect(settings.database_url.get_secret_value()))
    except Failed as error:
        click.echo(f"Whether contacts were confirmed is not known: {error}")
        return
    missing = unconfirmed(runbook, ways_where_it_runs(settings), found.asked)
    if missing:
        click.echo("Contacts that were not confirmed:")
    for one in missing:
        click.echo(f"  {unconfirmed_said(one, runbook.timezone)}")


def unconfirmed_said(one: Unconfirmed, zone: ZoneInfo) -> str:
    """One line, without the contact itself."""
    who, asked = f"{one.person.name} by {way_name(one.via)}", f"{one.asked_at.astimezone(zone):%a %d %b %Y %H:%M %Z}"
    if one.error:
        return f"contact: {who}: the test page of {asked} was not accepted ({one.error})"
    if one.has_changed:
        return f"contact: {who}: changed since it was confirmed"
    return f"contact: {who}: asked {asked}, not confirmed"


def _tell_gaps(found: Sequence[Gap]) -> None:
    """Print them; exits with 1 if the runbook itself has any."""
    own, missing_here = [gap for gap in found if gap.is_of_runbook], [gap for gap in found if not gap.is_of_runbook]
    if own:
        click.echo(f"{len(own)} gap{'' if len(own) == 1 else 's'} of the runbook in who would be paged:")
    else:
        click.echo("Everybody who should be paged can be" + (", once this is set up:" if missing_here else "."))
    for gap in own:
        click.echo(f"  {said(gap)}")
    if own and missing_here:
        click.echo("And only missing here:")
    for gap in missing_here:
        click.echo(f"  {said(gap)}")
    if own:
        raise click.exceptions.Exit(1)


def said(gap: Gap) -> str:
    """One gap in a line: the tier first, then what would close it."""
    tier = f"tier {gap.tier.key} ({gap.tier.name})"
    if gap.kind == "nobody":
        return f"{tier}: nobody is in it, so it is passed over; add somebody to its `who`"
    if gap.kind == "not set up":
        return f"{tier}: no page by {gap.via}; that needs {gap.needs}"
    assert gap.person is not None
    if gap.kind == "own number":
        return (
            f"{tier}: {gap.person.name} cannot be paged by {gap.via}, for {gap.person.phone} is TWILIO_FROM; "
            f"write their own number as people.{gap.person.key}.phone"
        )
    return f"{tier}: {gap.person.name} cannot be paged by {gap.via}; add {gap.needs} under people.{gap.person.key}"
