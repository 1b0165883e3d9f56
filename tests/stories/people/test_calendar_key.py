"""Calendar links from outside: key rotation in a shell, and requests other than GET."""

import asyncio
import os
import sys
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import aiohttp

from tests.stories.people.test_cover_asked import PUBLIC, feed, link_of
from tests.stories.people.test_rota import ON_A_SCHEDULE
from tests.world import World

NewWorld = Callable[..., AbstractAsyncContextManager[World]]


async def test_rotating_the_key_in_a_shell_revokes_links_at_a_running_process_and_only_reads_are_answered(
    new_world: NewWorld, database: str, tmp_path: Path
) -> None:
    async with new_world(runbook=ON_A_SCHEDULE, PUBLIC_URL=PUBLIC) as world:
        link = await link_of(world, "ada", "/escalate calendar primary")
        address = f"http://127.0.0.1:{world.app.port}{link.removeprefix(PUBLIC)}"
        async with aiohttp.ClientSession() as session:
            statuses = []
            for method in ("HEAD", "POST", "PUT", "DELETE", "PROPFIND"):
                async with session.request(method, address) as answer:
                    statuses.append(answer.status)
            assert statuses == [200, 405, 405, 405, 405]
        (tmp_path / "runbook.yml").write_text(ON_A_SCHEDULE)
        process = await asyncio.create_subprocess_exec(
            Path(sys.executable).with_name("tocsin"),
            *("calendar-key", "--rotate"),
            cwd=tmp_path,
            env={**os.environ, "DATABASE_URL": database, "SLACK_BOT_TOKEN": "xoxb-1", "SLACK_APP_TOKEN": "xapp-1"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = (await process.communicate())[0].decode()
        assert process.returncode == 0 and "Every calendar link has ended" in said, said
        assert (await feed(world, link))[0] == 404
