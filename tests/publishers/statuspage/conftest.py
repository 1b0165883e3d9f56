"""A simulated statuspage.io, and the publisher for it."""

from collections.abc import AsyncIterator

import pytest

from bot.clock import Clock
from bot.publishers import Publisher, PublisherParts, on_the_shelf
from bot.runbook import Runbook, read
from bot.sandbox.statuspage import SimulatedStatuspage
from bot.settings import Settings
from tests.publishers.conftest import RUNBOOK

PAGE = "audiences: {page: {statuspage: {page: abc123, components: {web: {}, mails: {name: Mail}}}}}\n"
WITH = f"{RUNBOOK}{PAGE}"


@pytest.fixture
async def there(clock: Clock) -> AsyncIterator[SimulatedStatuspage]:
    async with SimulatedStatuspage(clock.now).serving() as one:
        one.components = {"web": "operational", "mails": "operational", "other": "operational"}
        yield one


@pytest.fixture
def settings(there: SimulatedStatuspage) -> Settings:
    return Settings.from_environment(there.environ)


@pytest.fixture
def runbook() -> Runbook:
    return read(WITH, {})


@pytest.fixture
def publisher(parts: PublisherParts) -> Publisher:
    return on_the_shelf(parts)["statuspage"]
