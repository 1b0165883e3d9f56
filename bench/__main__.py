"""`python -m bench [NAME…] [--markdown] [--write FILE]`: measures, and prints the results or writes them to a page."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from bench import (
    acknowledge,
    afterwards,
    alerts,
    backup,
    batch,
    claims,
    crowd,
    deadline,
    declare,
    hanging,
    health,
    last_moment,
    mails,
    memory,
    rehearse,
    restore,
    start,
    statistics,
    storm,
    takeover,
)
from bench.table import Table
from bot.garbage import keep_what_is_there

MEASUREMENTS: Mapping[str, Callable[[Path], Awaitable[Table]]] = {
    "declare": declare.measure,
    "acknowledge": acknowledge.measure,
    "deadline": deadline.measure,
    "storm": storm.measure,
    "last_moment": last_moment.measure,
    "hanging": hanging.measure,
    "mails": mails.measure,
    "batch": batch.measure,
    "alerts": alerts.measure,
    "takeover": takeover.measure,
    "claims": claims.measure,
    "crowd": crowd.measure,
    "health": health.measure,
    "statistics": statistics.measure,
    "afterwards": afterwards.measure,
    "start": start.measure,
    "rehearse": rehearse.measure,
    "memory": memory.measure,
    "backup": backup.measure,
    "restore": restore.measure,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(MEASUREMENTS)))
@click.option("--markdown", is_flag=True, help="Print the tables as they stand in docs/performance.md.")
@click.option("--write", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Put them into this page.")
def main(names: tuple[str, ...], markdown: bool, write: Path | None) -> None:
    """Measure all of it, or what is named. Use a machine that has nothing else to do."""
    # The simulated Slack and the senders run in this process, and garbage collection must not pause them.
    keep_what_is_there()
    for name in names or MEASUREMENTS:
        with _scratch() as scratch:
            table = asyncio.run(_measured(name, scratch))
        click.echo(f"{table.as_markdown() if markdown else table.as_text()}\n")
        if write:
            write.write_text(_put_into(write.read_text("utf-8"), table), "utf-8")


async def _measured(name: str, scratch: Path) -> Table:
    return await MEASUREMENTS[name](scratch)


@contextmanager
def _scratch() -> Iterator[Path]:
    """A folder that PostgreSQL's own account may enter, which it couldn't below a private directory."""
    folder = Path(tempfile.gettempdir()) / f"tocsin-bench-{os.getpid()}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _put_into(page: str, table: Table) -> str:
    """Replace the table between its marks in the page. Raises ClickException if there are none."""
    begin, end = f"<!-- bench: {table.name} -->", f"<!-- bench: end of {table.name} -->"
    between = re.compile(f"(?<={re.escape(begin)}).*?(?={re.escape(end)})", re.DOTALL)
    if not between.search(page):
        raise click.ClickException(f"the page has no marks for this table: {begin} … {end}")
    return between.sub(lambda _: f"\n\n{table.as_markdown()}\n\n", page)


if __name__ == "__main__":
    main()
