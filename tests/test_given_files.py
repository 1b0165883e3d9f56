"""Files whose paths people give: none of them can make a command hang."""

import os
import socket
import subprocess
import tempfile
import threading
from pathlib import Path

import pytest

from bot.domain.errors import Refused
from bot.given_files import LARGEST_BYTES, read_given
from bot.runbook import RunbookMistakes, load
from bot.settings import Settings

SOON_S = 0.05


@pytest.fixture
def pipe(tmp_path: Path) -> Path:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    return path


def test_a_pipe_without_a_writer_is_explained_in_a_sentence(pipe: Path) -> None:
    with pytest.raises(OSError) as caught:
        read_given(pipe, SOON_S)
    assert "nothing came" in str(caught.value)


def test_a_link_to_a_pipe_without_a_writer_is_explained_too(pipe: Path, tmp_path: Path) -> None:
    link = tmp_path / "runbook.yml"
    link.symlink_to(pipe)
    with pytest.raises(OSError) as caught:
        read_given(link, SOON_S)
    assert "nothing came" in str(caught.value)


def test_a_pipe_is_read_to_its_end_even_when_its_writer_comes_later(pipe: Path) -> None:
    words = b"people: {}\n" * 20_000
    writer = threading.Thread(target=pipe.write_bytes, args=(words,))
    writer.start()
    assert read_given(pipe) == words
    writer.join()


def test_what_a_program_wrote_into_a_pipe_before_exiting_is_read() -> None:
    """Like the shell's `<(...)`, and a pipe into /dev/stdin."""
    with subprocess.Popen(["printf", "organisation"], stdout=subprocess.PIPE) as program:
        program.wait()
        assert program.stdout is not None
        assert read_given(Path(f"/dev/fd/{program.stdout.fileno()}")) == b"organisation"


def test_an_endless_device_is_too_large_and_dev_null_is_empty() -> None:
    with pytest.raises(OSError) as caught:
        read_given(Path("/dev/zero"))
    assert str(LARGEST_BYTES) in str(caught.value)
    assert read_given(Path("/dev/null")) == b""


def test_a_socket_or_folder_given_as_runbook_or_secret_is_named_as_such() -> None:
    # The path of a socket is limited in length on every system.
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listening:
        path = Path(folder) / "socket"
        listening.bind(str(path))
        for given, said in ((path, "Is a socket"), (Path(folder), "Is a directory")):
            with pytest.raises(RunbookMistakes, match=said):
                load(given, {})
            with pytest.raises(Refused, match=f"API_TOKEN_FILE: cannot read {given}: {said}"):
                Settings.from_environment({"API_TOKEN_FILE": str(given)})
