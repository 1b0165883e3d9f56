"""The Procfile starts the bot so that it receives the signal to stop."""

import asyncio
import signal
from pathlib import Path

from tests.at_hand import ROOT


async def test_a_signal_to_the_shell_of_the_procfile_reaches_the_program(tmp_path: Path) -> None:
    """A host signals the process it started, which is a shell: without `exec`, the bot would outlive it."""
    kind, _, command = (ROOT / "Procfile").read_text().strip().partition(": ")
    bot = tmp_path / "tocsin"
    bot.write_text("#!/bin/sh\necho $$ $HOST $1\nwhile :; do read -r _ || exit; done\n")
    bot.chmod(0o755)
    pipe = asyncio.subprocess.PIPE
    environ = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    shell = await asyncio.create_subprocess_exec("/bin/sh", "-c", command, stdin=pipe, stdout=pipe, env=environ)
    try:
        assert shell.stdout
        pid, host, verb = (await shell.stdout.readline()).decode().split()
        shell.send_signal(signal.SIGTERM)

        assert (kind, host, verb) == ("web", "0.0.0.0", "run")
        assert int(pid) == shell.pid
        assert await shell.wait() == -signal.SIGTERM
    finally:
        if shell.returncode is None:
            shell.kill()
