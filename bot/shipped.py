"""Where the files that come with Tocsin lie, beside the packages in a checkout, inside the package when installed; and
how a module of ours is started as a program."""

import os
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
STARTER = "starter"
# Names that shipped runbooks had: those that have taken their place.
SUCCESSORS = {"tutoring-platform": "tutoring"}

# Where a Python that was built elsewhere finds its own libraries, as on a buildpack host.
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def templates_folder() -> Path:
    inside = HERE / "templates"
    return inside if inside.is_dir() else HERE.parent / "templates"


def manifest_file() -> Path:
    inside = HERE / "manifest.yml"
    return inside if inside.is_file() else HERE.parent / "manifest.yml"


def program(module: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """The command and the environment by which a module of ours runs in a process of its own.

    It finds everything where this process did, by the same paths, whatever folder it is started in; and it knows none
    of our secrets.
    """
    paths = os.pathsep.join(str(Path(one).absolute()) for one in sys.path)
    kept = {name: os.environ[name] for name in LIBRARIES if name in os.environ}
    return (sys.executable, "-P", "-m", module), {**kept, "PYTHONPATH": paths}


@cache
def shelf(package: str) -> tuple[str, ...]:
    """The names of the files of `bot/<package>`, where one more file is one more of its kind. `_` begins a helper's."""
    modules = pkgutil.iter_modules([str(HERE / package)])
    return tuple(module.name for module in modules if not module.name.startswith("_"))


def shipped_runbooks() -> dict[str, Path]:
    """The runbooks that come with Tocsin, by name."""
    files = sorted((templates_folder() / "runbooks").glob("*.yml"))
    return {file.stem: file for file in files}


def shipped_runbook(name: str) -> Path | None:
    """By its name, or by one that it had. None: there is none."""
    return shipped_runbooks().get(SUCCESSORS.get(name, name))


def shipped_scenarios() -> dict[str, Path]:
    """The scripted incidents that come with Tocsin, by name."""
    files = sorted((templates_folder() / "scenarios").glob("*.yml"))
    return {file.stem: file for file in files}
