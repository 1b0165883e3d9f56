"""Output of other programs made presentable: one line, without secrets."""

from collections.abc import Iterable

LONGEST = 200
# For messages wanted in full, such as PostgreSQL's, with the table they are about.
LONGEST_WHOLE = 600
# A lost connection, as worded by PostgreSQL's client and server, TLS, and MongoDB's driver and tools.
SIGNS_OF_GOING = (
    "server closed the connection", "terminating connection", "connection to server was lost",
    "no connection to the server", "the connection is lost", "could not receive data from server",
    "could not send data to server", "SSL connection has been closed", "the connection is closed",
    "SSL SYSCALL error: EOF", "unexpected eof while reading",
    "connection closed", "reset by peer", "socket was unexpectedly closed", "wire message", "message header: EOF",
)  # fmt: skip


def fit_to_show(said: str, secrets: Iterable[str] = ()) -> str:
    """The first non-empty line, cut to 200 characters; each secret becomes `…`."""
    return _shown(next((line.strip() for line in said.splitlines() if line.strip()), ""), secrets, LONGEST)


def whole_to_show(said: str, secrets: Iterable[str] = ()) -> str:
    """All lines as one, cut to 600 characters; each secret becomes `…`."""
    return _shown(" ".join(said.split()), secrets, LONGEST_WHOLE)


def cause_of(said: str, secrets: Iterable[str] = ()) -> str:
    """The cause at the end of a message of PostgreSQL's client: `… port 5432 failed: FATAL: no such database`."""
    before, _, end = said.rpartition("failed:")
    if "No such file or directory" in end and (socket := before.rpartition('server on socket "')[2].strip(' "')):
        # The original wording sounds as if the dump were missing.
        return fit_to_show(f"no server is listening on the socket {socket}", secrets)
    end = end.strip() or said
    return fit_to_show(end.removeprefix("FATAL:").removeprefix("error:"), secrets)


def gone_away(said: str) -> str:
    """A plain sentence if `said` reports that the server ended the connection; else ''."""
    if not any(sign in said for sign in SIGNS_OF_GOING):
        return ""
    return (
        "the server ended the connection while it was at work (it crashed, was restarted, or somebody had it ended): "
        "look into its log, and try again once it answers"
    )


def with_going(said: str, words: str) -> str:
    """`words`, the part of `said` to show, preceded by `gone_away` where that applies."""
    return f"{gone} ({words})" if (gone := gone_away(said)) else words


def _shown(line: str, secrets: Iterable[str], longest: int) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        line = line.replace(secret, "…")
    line = "".join(sign if sign.isprintable() else " " for sign in line)
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
