"""The deployment files agree with the bot: its ports, its account, and how long it takes to stop."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.settings import Settings
from bot.shutdown import STOP_WITHIN_S

ROOT = Path(__file__).parent.parent
DOCKERFILE = (ROOT / "Dockerfile").read_text()
UNIT = (ROOT / "deploy" / "tocsin.service").read_text()
COMPOSE = YAML(typ="safe").load((ROOT / "compose.yml").read_text())
KUBERNETES = {one["kind"]: one for one in YAML(typ="safe").load_all((ROOT / "deploy" / "kubernetes.yml").read_text())}


def pod() -> dict[str, Any]:
    return dict(KUBERNETES["Deployment"]["spec"]["template"]["spec"])


def test_each_deployment_waits_as_long_as_the_bot_takes_to_stop() -> None:
    unit = re.search(r"^TimeoutStopSec=(\d+)$", UNIT, re.MULTILINE)
    assert unit
    waits = [int(unit[1]), int(COMPOSE["services"]["tocsin"]["stop_grace_period"].removesuffix("s"))]
    assert min(*waits, pod()["terminationGracePeriodSeconds"]) > STOP_WITHIN_S


def test_two_replicas_run_as_the_images_account_and_are_probed_at_its_doors() -> None:
    (container,) = pod()["containers"]

    assert KUBERNETES["Deployment"]["spec"]["replicas"] == 2
    assert f"USER {pod()['securityContext']['runAsUser']}\n" in DOCKERFILE
    assert container["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert container["readinessProbe"]["httpGet"]["path"] == "/readyz"
    assert "/healthz" in DOCKERFILE


def test_the_bot_reads_every_variable_the_image_and_the_unit_set() -> None:
    (image,) = re.findall(r"^ENV (.*)$", DOCKERFILE, re.MULTILINE)
    (unit,) = re.findall(r"^Environment=(.*)$", UNIT, re.MULTILINE)
    known = {(field.alias or name).upper() for name, field in Settings.model_fields.items()} | {"PATH"}

    assert {one.partition("=")[0] for one in f"{image} {unit}".split()} - known == set()


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="there is no systemd here")
def test_systemd_analyze_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    """Apart from the fact that nothing is installed at /opt/tocsin here."""
    unit = tmp_path / "tocsin.service"
    unit.write_text(UNIT.replace("/opt/tocsin/bin/tocsin", "/bin/true"))
    said = subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, text=True)
    assert (said.returncode, said.stdout + said.stderr) == (0, "")
