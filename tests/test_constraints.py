"""What constraints.txt promises: every dependency pinned to one version, above its lower bound, with hashes."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
FILE = (ROOT / "constraints.txt").read_text()
# A package with the indented lines below it.
PACKAGES = re.findall(r"^(\S+==.*(?:\n .*)*)", FILE, re.MULTILINE)
VERSIONS = {canonicalize_name(one.split("==")[0]): re.split(r"[ =]+", one)[1] for one in PACKAGES}


def asked_for() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    names = project["project"]["dependencies"] + project["project"]["optional-dependencies"]["dev"]
    return [Requirement(one) for one in names + project["build-system"]["requires"]]


def test_every_dependency_is_pinned_to_a_version_pyproject_allows() -> None:
    for one in asked_for():
        assert one.specifier.contains(VERSIONS[canonicalize_name(one.name)]), one


def test_every_package_has_a_hash() -> None:
    assert len(PACKAGES) > 50
    assert [one for one in PACKAGES if "--hash=sha256:" not in one] == []


def test_no_package_index_is_named() -> None:
    assert "://" not in FILE
    assert not re.search(r"^\s*-(-index|-extra|-find|i|f)", FILE, re.MULTILINE)


def test_ci_installs_the_pinned_versions() -> None:
    assert "export CONSTRAINTS=constraints.txt" in (ROOT / ".ci/run").read_text()
