"""What is installed is whole: everything that is read at run time lies in the wheel, and in the source archive."""

import subprocess
import sys
import tarfile
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parent.parent
BUILD = (
    "import sys; from hatchling.build import build_sdist, build_wheel; "
    "build_wheel(sys.argv[1]); build_sdist(sys.argv[1])"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both, built from the clone as it stands, without a network."""
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def files_of(folder: str) -> set[str]:
    """Whatever of it a clone has, also what Python does not import."""
    found = (ROOT / folder).rglob("*")
    return {str(path.relative_to(ROOT)) for path in found if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_has_everything_that_is_read_at_run_time(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    inside = set(ZipFile(wheel).namelist())

    words = {f"bot/{name}" for name in files_of("templates")}
    wanted = files_of("bot") | files_of("commands") | words | {"bot/manifest.yml"}
    assert wanted - inside == set()
    kinds = ("bot/store/migrations/0001_spine.sql", "bot/templates/scenarios/nobody-answers.yml")
    assert set(kinds) <= inside
    assert any(name.startswith("bot/sandbox") and name.endswith(".html") for name in inside)
    # Nor is anything else put into everybody's site-packages.
    assert {name.partition("/")[0] for name in inside if ".dist-info/" not in name} == {"bot", "commands"}


def test_the_source_archive_has_what_the_wheel_is_built_of(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        inside = {name.partition("/")[2] for name in opened.getnames()}

    named = {"manifest.yml", "pyproject.toml", "README.md", "LICENSE"}
    assert (files_of("bot") | files_of("commands") | files_of("templates") | named) - inside == set()
