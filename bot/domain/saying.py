"""What another program said, made fit to be shown: one short line without secrets."""

from collections.abc import Iterable

LONGEST = 200


def fit_to_show(said: str, secrets: Iterable[str] = ()) -> str:
    """The first line that says something, cut at 200 signs; each secret becomes `…`."""
    line = next((line.strip() for line in said.splitlines() if line.strip()), "")
    for secret in sorted(secrets, key=len, reverse=True):
        line = line.replace(secret, "…")
    line = "".join(sign if sign.isprintable() else " " for sign in line)
    return line if len(line) <= LONGEST else line[: LONGEST - 1].rstrip() + "…"


def cause_of(said: str, secrets: Iterable[str] = ()) -> str:
    """The cause at the end of what PostgreSQL's client reports: `… port 5432 failed: FATAL:  no such database`."""
    end = said.rpartition("failed:")[2].strip() or said
    return fit_to_show(end.removeprefix("FATAL:").removeprefix("error:"), secrets)
