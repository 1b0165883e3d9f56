"""Where Tocsin's own files are (beside the packages in a checkout, inside the package when installed), and how to run
one of our modules as a program."""

import os
import pkgutil
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
STARTER = "starter"
# Former names of shipped runbooks, and their successors.
SUCCESSORS = {"tutoring-platform": "tutoring"}

# Where a Python built elsewhere finds its libraries, as on a buildpack host.
LIBRARIES = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")


def templates_folder() -> Path:
    inside = HERE / "templates"
    return inside if inside.is_dir() else HERE.parent / "templates"


def manifest_file() -> Path:
    inside = HERE / "manifest.yml"
    return inside if inside.is_file() else HERE.parent / "manifest.yml"


def program(module: str) -> tuple[Sequence[str], Mapping[str, str]]:
    """The command and environment for running a module of ours in a separate process.

    It uses the same import paths as this process, whatever its working directory, and gets none of our secrets.
    """
    paths = os.pathsep.join(str(Path(one).absolute()) for one in sys.path)
    kept = {name: os.environ[name] for name in LIBRARIES if name in os.environ}
    return (sys.executable, "-P", "-m", module), {**kept, "PYTHONPATH": paths}


@cache
def shelf(package: str) -> tuple[str, ...]:
    """The names of the modules in `bot/<package>`, each one more of its kind. A leading `_` marks a helper."""
    modules = pkgutil.iter_modules([str(HERE / package)])
    return tuple(module.name for module in modules if not module.name.startswith("_"))


def shipped_runbooks() -> dict[str, Path]:
    """The runbooks that come with Tocsin, by name."""
    files = sorted((templates_folder() / "runbooks").glob("*.yml"))
    return {file.stem: file for file in files}


def shipped_runbook(name: str) -> Path | None:
    """By its present or former name. None: there is none."""
    return shipped_runbooks().get(SUCCESSORS.get(name, name))


def shipped_scenarios() -> dict[str, Path]:
    """The scripted incidents that come with Tocsin, by name."""
    files = sorted((templates_folder() / "scenarios").glob("*.yml"))
    return {file.stem: file for file in files}
