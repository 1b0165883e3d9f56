"""Templates compiled in another process are the same as those that the bot would compile itself."""

import asyncio
import marshal
import os
import pickle
import sys
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path

import pytest
from jinja2.bccache import bc_magic

from bot.charts import BarChart, Drawing
from bot.compiling import compiled_elsewhere
from bot.domain.errors import Rejected
from bot.rendering import FOLDERS
from bot.shipped import templates_folder
from tests.at_hand import ROOT
from tests.world import World


async def test_every_template_compiles_to_the_same_code_in_the_helper_process(world: World) -> None:
    """The other process knows only the names of the bot's own filters, and calls none while compiling."""
    rendering = world.house.rendering
    elsewhere = _read(await compiled_elsewhere(rendering.filters))
    here = _read(rendering.compiled())
    assert elsewhere == {key: here[key] for key in elsewhere}
    assert len(elsewhere) == sum(len([*(templates_folder() / folder).glob("*.j2")]) for folder in FOLDERS)


async def test_where_starting_programs_is_forbidden_nothing_is_precompiled_and_no_chart_is_drawn(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for executable in (str(tmp_path), str(tmp_path / "gone")):
        monkeypatch.setattr(sys, "executable", executable)
        assert await compiled_elsewhere([]) == {}
        with pytest.raises(Rejected):
            await Drawing().draw(BarChart("Incidents", "", ["00"], []))
    assert len(caplog.messages) == 2


async def test_when_the_helper_fails_templates_are_compiled_on_demand(caplog: pytest.LogCaptureFixture) -> None:
    assert await compiled_elsewhere(["a filter that no template knows"]) == {}
    [said] = caplog.messages
    assert "exit 1" in said and "No filter named" in said


async def test_a_process_that_hangs_is_ended(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hangs, number = tmp_path / "hangs", tmp_path / "number"
    hangs.write_text(f"#!/bin/sh\necho $$ > {number}\nexec sleep 3600\n")
    hangs.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(hangs))
    assert await compiled_elsewhere([], within_s=0.5) == {}
    assert len(caplog.messages) == 1
    if number.exists():
        with pytest.raises(ProcessLookupError):
            os.kill(int(number.read_text()), 0)


async def test_a_release_behind_a_symlink_is_compiled_under_the_bots_own_paths(world: World, tmp_path: Path) -> None:
    current = tmp_path / "current"
    current.symlink_to(ROOT)
    program = f"""
import asyncio, sys
from bot.compiling import compiled_elsewhere
from bot.rendering import _compiled
from bot.shipped import templates_folder
file = templates_folder() / "slack" / "alert.j2"
assert str(file).startswith({str(current)!r})
sys.exit(_compiled().get_cache_key("alert.j2", str(file)) not in asyncio.run(compiled_elsewhere(sys.argv[1:])))
"""
    started = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, *world.house.rendering.filters, cwd=tmp_path, env={"PYTHONPATH": str(current)}
    )
    assert await started.wait() == 0


def _read(compiled: Mapping[str, bytes]) -> Mapping[str, object]:
    return {key: _code(BytesIO(one)) for key, one in compiled.items()}


def _code(one: BytesIO) -> object:
    """The code object in Jinja's bytecode file, after its magic and checksum."""
    assert one.read(len(bc_magic)) == bc_magic
    pickle.load(one)
    return marshal.load(one)
