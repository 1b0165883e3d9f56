"""`tocsin silence`: silences from a shell, for example by a deploy script."""

import click

from bot.cli.carrying import carry_out
from bot.cli.deeds import actor_of, as_option, readable, services_at_hand
from bot.domain.alerts.silence import selected
from bot.domain.errors import NotFound, Refused
from bot.runbook import spoken_duration


@click.command()
@click.argument("selector", required=False)
@click.argument("duration", required=False)
@click.argument("why", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="Show what is silenced.")
@click.option("--end", "ended", metavar="ID", help="End a silence now.")
@as_option
def silence(
    selector: str | None, duration: str | None, why: tuple[str, ...], listed: bool, ended: str | None, who: str | None
) -> None:
    """Mute alerts for a while, for example from a deploy script. They are still stored and counted.

    SELECTOR is a check, a source, or label=value (with * and ?, several with commas); DURATION is like 30m or 2h.
    """
    if listed:
        carry_out(_list())
    elif ended is not None:
        carry_out(_end(ended, who))
    elif selector and duration:
        carry_out(_begin(readable(selector), duration, readable(" ".join(why)), who))
    else:
        raise click.UsageError("Say what to silence and for how long, for example: tocsin silence website 30m deploy")


async def _begin(selector: str, duration: str, why: str, who: str | None) -> None:
    async with services_at_hand() as services:
        matches = selected(selector, services.runbook.health.checks, services.alert_sources)
        made = await services.silences.of_selected(
            actor_of(services, who), matches, selector, spoken_duration(duration), why
        )
        reach = services.rendering.say("documents/silence_reach", reach=await services.silences.reach(made))
        click.echo(services.rendering.say("documents/shell_silenced", silence=made, reach=reach))


async def _list() -> None:
    async with services_at_hand() as services:
        click.echo(services.rendering.say("documents/shell_silences", silences=await services.silences.in_force()))


async def _end(ref: str, who: str | None) -> None:
    number = ref.upper().removeprefix("S-")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise Refused(f"“{ref}” is no silence: tocsin silence --list shows them, such as S-3.")
    async with services_at_hand() as services:
        try:
            ended = await services.silences.end(actor_of(services, who), int(number))
        except NotFound as error:
            raise NotFound(f"There is no silence S-{number}: tocsin silence --list shows them.") from error
        click.echo(services.rendering.say("documents/shell_silence_ended", silence=ended))
