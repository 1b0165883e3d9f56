"""Files in a folder that others may write to: made as nobody else's, and opened only where they are files."""

import os
import stat
from pathlib import Path
from typing import BinaryIO

from bot.domain.backups.backup import Damaged

# Nobody but the bot's own account may read a copy of the database.
FILE_MODE = 0o600


def created(path: Path) -> int:
    """A file that was not there before, and is nobody else's: what lies in its way, such as a link, is removed, not
    followed. Raises FileExistsError when somebody is quick enough to put it there again."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, FILE_MODE)
    os.fchmod(descriptor, FILE_MODE)
    return descriptor


def open_file(path: Path, what: str) -> BinaryIO:
    """Raises Damaged for what is no file: to open a pipe may wait for ever, and a device never ends."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Damaged(f"its {what} is no file")
    return os.fdopen(descriptor, "rb")
