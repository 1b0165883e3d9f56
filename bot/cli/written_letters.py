"""Writes texts to a folder without overwriting files that others have created or changed."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.domain.errors import Refused

INDEX = "index.txt"
HEAD = "Every text for audiences with sample facts, written by tocsin check --render. Each line: digest, file, subject."


def write_letters(folder: Path, files: Mapping[str, str]) -> None:
    """Write all or nothing. Raises Refused if a file isn't as we left it, or if the folder can't be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        ours = _known(folder)
        for name in (*files, INDEX):
            _must_be_ours(folder / name, ours.get(name))
        lines = [f"{_digest(text)} {name} {_subject(text)}".rstrip() for name, text in files.items()]
        _replace(folder, {**files, INDEX: "\n".join([HEAD, "", *lines, ""])})
        for name in ours.keys() - files.keys() - {INDEX}:
            if _digest_of(folder / name) == ours[name]:
                (folder / name).unlink()
    except OSError as error:
        raise Refused(f"Not written: {error.filename or folder}: {error.strerror}.") from error


def _replace(folder: Path, files: Mapping[str, str]) -> None:
    """Write drafts first, so that a full disk is noticed before any existing file is touched."""
    with TemporaryDirectory(prefix=".tocsin-", dir=folder) as drafts:
        for name, text in files.items():
            (Path(drafts) / name).write_text(text, "utf-8")
        for name in files:
            (Path(drafts) / name).replace(folder / name)


def _known(folder: Path) -> dict[str, str | None]:
    """The files we wrote earlier, each with its digest. The index is recognised by its first line."""
    index = folder / INDEX
    if index.is_symlink() or not index.is_file():
        return {}
    lines = index.read_text("utf-8", errors="replace").splitlines()
    if not lines or lines[0] != HEAD:
        return {}
    entries = (line.split(" ", 2) for line in lines[2:])
    known: dict[str, str | None] = {one[1]: one[0] for one in entries if len(one) > 1 and "/" not in one[1]}
    return {**known, INDEX: _digest_of(index)}


def _must_be_ours(file: Path, digest: str | None) -> None:
    if (file.is_symlink() or file.exists()) and (file.is_symlink() or digest is None or _digest_of(file) != digest):
        raise Refused(f"Not written: {file} is there already, and is not as Tocsin wrote it. Choose another folder.")


def _digest_of(file: Path) -> str | None:
    return sha256(file.read_bytes()).hexdigest()[:16] if file.is_file() else None


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def _subject(text: str) -> str:
    first = text.split("\n", 1)[0]
    return first.removeprefix("Subject: ") if first.startswith("Subject: ") else ""
