"""Every source's samples with something hostile in each place, posted to a bot that must store and show them."""

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from copy import deepcopy
from itertools import cycle
from typing import Any

import pytest

from tests.sources.test_samples import SAMPLES, places
from tests.stories.alerts.monitoring import TOKEN, WITH_ALERTS, watched
from tests.world import World

HOSTILE: tuple[Any, ...] = (
    None, True, -1, 2**70, float("inf"), "", "a\0b", "\ud800", "\u202e", "<!channel> <https://x|y>", "x" * 9_000,
    [], {}, [[]], {"\0": "\0"}, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", -(10**18), "%%%", "*name*",
    "javascript:alert(1)", "http://[::1", "\r\nX: y",
)  # fmt: skip

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


# Messages that make the bot fetch Amazon's certificate are tested in test_sns.py.
@pytest.mark.parametrize("name", [name for name in SAMPLES if name != "sns"])
async def test_a_hostile_body_is_either_accepted_or_refused_with_a_reason(new_world: NewWorld, name: str) -> None:
    values = cycle(HOSTILE)
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        for number in range(len(places(SAMPLES[name]))):
            content = deepcopy(SAMPLES[name])
            holder, key = places(content)[number]
            holder[key] = next(values)
            reply = await monitoring.sends(name, json.dumps(content).encode())
            assert reply.status in (200, 202, 400, 401, 422), (holder, key)
        await world.settled()
        assert [str(one) for one in world.workspace.complaints] == []
