"""Safe file access in a folder that others may write to: creates files exclusively, and opens only regular files."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from bot.domain.backups.backup import Damaged

# Only the bot's own account may read a copy of the database.
FILE_MODE = 0o600


def created(path: Path) -> int:
    """Create a new file with private permissions. Whatever has its name, such as a symlink, is removed, not followed.
    Raises FileExistsError if somebody recreates it in between."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    return descriptor


def open_file(path: Path, what: str) -> BinaryIO:
    """Raises Damaged unless it's a regular file: opening a pipe may block for ever, and a device never ends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Damaged(f"its {what} is no file")
    return os.fdopen(descriptor, "rb")
