"""`tocsin forget`: removes one person's data."""

import click

from bot.cli.carrying import carry_out
from bot.cli.deeds import readable, services_at_hand


@click.command()
@click.argument("person")
@click.option("--also", multiple=True, metavar="WORD", help="Also their first name, say; wherever it is a word.")
@click.option("--yes", is_flag=True, help="Do it. Without it, what would be changed is shown.")
def forget(person: str, also: tuple[str, ...], yes: bool) -> None:
    """Take one person's data out of everything that is kept, once they have left the runbook.

    PERSON is a key, a Slack id, a name or an email address. In their place stands former-1, former-2 ..., the same
    everywhere, so that every count stays right. The bot may run meanwhile. It cannot be undone.
    """
    carry_out(_forget(readable(person), tuple(readable(word) for word in also), yes))


async def _forget(person: str, also: tuple[str, ...], yes: bool) -> None:
    async with services_at_hand() as services:
        found = await services.forgetting.find(person, also)
        say = services.rendering.say
        if not yes:
            click.echo(say("documents/shell_forget", found=found))
            return
        click.echo(say("documents/shell_forgotten", done=await services.forgetting.forget(found), found=found))
