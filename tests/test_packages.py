"""The packages are complete: everything needed at run time is in the wheel and in the source archive."""

import asyncio
import signal
import subprocess
import sys
import sysconfig
import tarfile
import venv
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest

from tests.commandline import line_with, started

ROOT = Path(__file__).parent.parent
BUILD = (
    "import sys; from hatchling.build import build_sdist, build_wheel; "
    "build_wheel(sys.argv[1]); build_sdist(sys.argv[1])"
)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with both packages, built from the clone as it is, without network access."""
    folder = tmp_path_factory.mktemp("packages")
    subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, check=True, capture_output=True)
    return folder


def files_of(folder: str) -> set[str]:
    """Every file in this folder of the clone, including those that Python doesn't import."""
    found = (ROOT / folder).rglob("*")
    return {str(path.relative_to(ROOT)) for path in found if path.is_file() and "__pycache__" not in path.parts}


def test_the_wheel_contains_everything_read_at_run_time(built: Path) -> None:
    (wheel,) = built.glob("*.whl")
    inside = set(ZipFile(wheel).namelist())

    words = {f"bot/{name}" for name in files_of("templates")}
    wanted = files_of("bot") | files_of("commands") | words | {"bot/manifest.yml"}
    assert wanted - inside == set()
    kinds = ("bot/store/migrations/0001_spine.sql", "bot/templates/scenarios/nobody-answers.yml")
    assert set(kinds) <= inside
    assert any(name.startswith("bot/sandbox") and name.endswith(".html") for name in inside)
    # Nothing else is put into site-packages, which all packages share.
    assert {name.partition("/")[0] for name in inside if ".dist-info/" not in name} == {"bot", "commands"}


def test_the_source_archive_contains_what_the_wheel_is_built_from(built: Path) -> None:
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        inside = {name.partition("/")[2] for name in opened.getnames()}

    named = {"manifest.yml", "pyproject.toml", "README.md", "LICENSE"}
    assert (files_of("bot") | files_of("commands") | files_of("templates") | named) - inside == set()


@pytest.fixture(scope="module")
def bare(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs of an environment that contains the wheel, built from the source archive, and our libraries."""
    folder = tmp_path_factory.mktemp("bare")
    (archive,) = built.glob("*.tar.gz")
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    subprocess.run(
        [sys.executable, "-c", BUILD.rpartition(";")[0], str(folder)],
        cwd=folder / archive.name.removesuffix(".tar.gz"), check=True, capture_output=True,
    )  # fmt: skip
    venv.create(folder / "venv", symlinks=True)
    (wheel,) = folder.glob("*.whl")
    (packages,) = (folder / "venv").glob("lib/python*/site-packages")
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--python",
        str(folder / "venv"),
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
    ]
    subprocess.run([*pip, "--disable-pip-version-check", str(wheel)], check=True)
    # A path in a .pth file isn't processed for further .pth files, so the clone, installed by one, stays invisible.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib"))
    return folder / "venv" / "bin"


def test_the_package_built_from_the_source_archive_checks_a_runbook_without_a_clone(bare: Path, tmp_path: Path) -> None:
    def said(*words: str) -> str:
        return subprocess.run(words, cwd=tmp_path, check=True, capture_output=True, text=True).stdout

    assert bare.parent in Path(said(str(bare / "python"), "-c", "import bot; print(bot.__file__)").strip()).parents
    said(str(bare / "tocsin"), "init")
    assert "runbook.yml is in order" in said(str(bare / "tocsin"), "check")


async def test_the_packages_sandbox_serves_its_page(bare: Path, tmp_path: Path) -> None:
    async with started("sandbox", "--port", "0", at=tmp_path, command=[str(bare / "tocsin")]) as process:
        url = (await line_with("http://", process.stdout)).rpartition("http://")[2].strip()
        async with aiohttp.ClientSession() as session, session.get(f"http://{url}") as answer:
            assert answer.status == 200 and "text/html" in answer.headers["Content-Type"]
        process.send_signal(signal.SIGINT)
        await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0
