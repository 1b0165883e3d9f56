"""What is compiled in a process of its own is what the bot itself would have compiled."""

import marshal
import pickle
from collections.abc import Mapping
from io import BytesIO

from jinja2.bccache import bc_magic

from bot.compiling import compiled_elsewhere
from bot.rendering import FOLDERS
from bot.shipped import templates_folder
from tests.world import World


async def test_every_template_is_compiled_elsewhere_to_what_it_would_be_here(world: World) -> None:
    """The other process knows of the bot's own filters nothing but their names, and calls none in advance."""
    rendering = world.house.rendering
    elsewhere = _read(await compiled_elsewhere(rendering.filters))
    here = _read(rendering.compiled())
    assert elsewhere == {key: here[key] for key in elsewhere}
    assert len(elsewhere) == sum(len([*(templates_folder() / folder).glob("*.j2")]) for folder in FOLDERS)


def _read(compiled: Mapping[str, bytes]) -> Mapping[str, object]:
    return {key: _code(BytesIO(one)) for key, one in compiled.items()}


def _code(one: BytesIO) -> object:
    """As Jinja keeps it: its own sign, the sum of the source, the code."""
    assert one.read(len(bc_magic)) == bc_magic
    pickle.load(one)
    return marshal.load(one)
