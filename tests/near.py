"""Selects the tests near a change, as paths for pytest: `make near` runs them; the whole suite runs before a merge.

Rooms have the same name on every floor: a change in `bot/store/paging/` is tested in every test folder called `paging`,
one in `templates/slack/alert_entry.j2` in those called `alerts`. A change without such a room concerns all tests. The
change is whatever isn't committed yet, otherwise the last commit.
"""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

TESTS = Path("tests")
# These check every file.
ALWAYS = ("tests/test_docs.py", "tests/test_patterns.py", "tests/test_sizes.py", "tests/test_texts.py")
# Folders that belong to no room.
SHARED = ("migrations",)


def changed() -> list[str]:
    uncommitted = [*_git("diff", "--name-only", "HEAD"), *_git("ls-files", "--others", "--exclude-standard")]
    return uncommitted or _git("diff", "--name-only", "HEAD~1", "HEAD")


def near(paths: Iterable[str]) -> list[str]:
    """Test files and folders, relative to the repository; just `tests` if a path concerns everything."""
    found = set(ALWAYS)
    for path in map(Path, paths):
        if path.parts[0] == "docs":
            continue
        tests = _tests_of(path)
        if not tests:
            return [str(TESTS)]
        found |= tests
    return sorted(one for one in found if Path(one).exists())


def _tests_of(path: Path) -> set[str]:
    if path.parts[0] == str(TESTS) and path.name.startswith("test_"):
        return {str(path)}
    if path.parts[0] == "templates":
        return _folders(path.stem.strip("_").split("_")[0] + "*")
    for room in reversed(path.parts[1:-1]):
        if room in SHARED:
            break
        # The innermost first: `paging` before `store`.
        if folders := _folders(room):
            return folders
    return set()


def _folders(called: str) -> set[str]:
    return {str(one) for one in TESTS.rglob(called) if one.is_dir()}


def _git(*words: str) -> list[str]:
    return subprocess.run(["git", *words], check=True, capture_output=True, text=True).stdout.splitlines()


def main(paths: Sequence[str]) -> None:
    sys.stdout.write(" ".join(near(paths or changed())) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
