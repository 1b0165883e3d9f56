"""The documentation of sources: the command each page tells people to try creates the alert it promises."""

import re
import shlex
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, Monitoring, Reply, watched
from tests.world import World, words_of

PAGES = Path(__file__).parents[3] / "docs" / "alerts"
COMMANDS = {
    page.stem: found
    for page in sorted(PAGES.glob("*.md"))
    if (found := [one for one in re.findall(r"```sh\n(.*?)```", page.read_text(), re.S) if one.startswith("curl ")])
}

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


@pytest.fixture
async def world(new_world: NewWorld) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


async def curl(monitoring: Monitoring, command: str) -> Reply:
    """Sends the request a curl command describes: its URL, headers and data."""
    words = shlex.split(command.replace("\\\n", " ").replace("$ALERTS_TOKEN", TOKEN))
    address = urlsplit(next(word for word in words if word.startswith("https://tocsin.example.com/alerts/")))
    pairs = list(pairwise(words))
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    headers |= dict(value.split(": ", 1) for name, value in pairs if name == "-H")
    [data] = [value for name, value in pairs if name in ("-d", "--data")]
    path, query = address.path.removeprefix("/alerts/"), f"?{address.query}" if address.query else ""
    return await monitoring.sends(
        path,
        data.encode(),
        token=None,
        query=query,
        **{name.replace("-", "_"): value for name, value in headers.items()},
    )


@pytest.mark.parametrize("page", COMMANDS)
async def test_the_command_on_each_page_makes_one_card(monitoring: Monitoring, world: World, page: str) -> None:
    reply = await curl(monitoring, COMMANDS[page][0])
    assert reply.status in (200, 202)
    await world.settled()
    assert "Firing since" in monitoring.words


@pytest.mark.parametrize(
    ("page", "firing", "over"),
    [
        ("alertmanager", '"firing"', '"resolved"'), ("generic", '"firing"', '"resolved"'),
        ("grafana", '"firing"', '"resolved"'), ("pagerduty", '"trigger"', '"resolve"'),
        ("sentry", '"created"', '"resolved"'),
    ],
)  # fmt: skip
async def test_the_same_command_with_the_resolving_word_resolves_it(
    monitoring: Monitoring, world: World, page: str, firing: str, over: str
) -> None:
    [command] = COMMANDS[page]
    for one in (command, command.replace(firing, over)):
        await curl(monitoring, one)
        await world.settled()
    assert words_of(monitoring.card).splitlines()[1].startswith("Resolved")


async def test_repeating_the_same_stripe_event_changes_nothing(monitoring: Monitoring, world: World) -> None:
    for _ in range(2):
        await curl(monitoring, COMMANDS["stripe"][0])
        await world.settled()
    assert "Seen" not in monitoring.words
