"""A simulation of everything around an installation: Slack, mail, telephones, statuspage.io and a website."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ruamel.yaml import YAML

from bot import manifest
from bot.clock import Clock
from bot.sandbox.scenario import furnish
from bot.sandbox.server import Server, serving
from bot.sandbox.statuspage import SimulatedStatuspage
from bot.sandbox.telephone import TelephoneCompany
from bot.sandbox.website import Website
from bot.sandbox.workspace import Workspace

CHANNELS = ("general", "random", "incidents", "infrastructure-alerts", "stakeholders")


@dataclass(frozen=True)
class Outside:
    """The mail server is the workspace's mailbox."""

    workspace: Workspace
    slack: Server
    telephones: TelephoneCompany
    website: Website
    statuspage: SimulatedStatuspage

    @property
    def environ(self) -> dict[str, str]:
        """The bot's environment variables for all of it; it knows nothing else."""
        return {
            "SLACK_BOT_TOKEN": self.workspace.bot_token,
            "SLACK_APP_TOKEN": self.workspace.app_token,
            "SLACK_API_URL": self.slack.api_url,
            "SMTP_URL": self.workspace.mailbox.smtp_url,
            "MAIL_FROM": "Tocsin <tocsin@example.com>",
            **self.telephones.environ,
            **self.statuspage.environ,
        }


@asynccontextmanager
async def outside(
    clock: Clock,
    *,
    bot_at: Callable[[], str],
    app: str | None = None,
    channels: Iterable[str] = CHANNELS,
    is_lived_in: bool = True,
) -> AsyncIterator[Outside]:
    """All of it, on free ports, until the block ends.

    `bot_at`: called when the telephone company first posts to the bot, which starts later. `app`: the manifest that the
    bot was installed with; None: the shipped one. `is_lived_in`: put some messages of this morning into it.
    """
    workspace = Workspace(clock, dict(YAML(typ="safe").load(app or manifest.shipped())), channels=channels)
    if is_lived_in:
        furnish(workspace)
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(serving(workspace))
        telephones = TelephoneCompany(clock, workspace.mailbox, really_at=bot_at, delivers=True)
        await telephones.start()
        stack.push_async_callback(telephones.stop)
        website = await stack.enter_async_context(Website(workspace.mailbox).serving())
        statuspage = await stack.enter_async_context(SimulatedStatuspage(clock.now).serving())
        yield Outside(workspace, slack, telephones, website, statuspage)
