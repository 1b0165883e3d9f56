"""Finds the programs that a dumper has started."""

from contextlib import suppress

import psutil


def running(name: str) -> list[psutil.Process]:
    """The child processes with this in their command line; one that ends meanwhile is skipped."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if name in " ".join(child.cmdline()):
                found.append(child)
    return found
