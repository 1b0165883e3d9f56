"""What another program said, made fit to be shown: one line without secrets."""

from collections.abc import Iterable

LONGEST = 200
# Of what is wanted whole, such as PostgreSQL's own words with the table they are about.
LONGEST_WHOLE = 600
# In the words of PostgreSQL's client and of the server's last message; of TLS below it; of MongoDB's driver and tools.
SIGNS_OF_GOING = (
    "server closed the connection", "terminating connection", "connection to server was lost",
    "no connection to the server", "the connection is lost", "could not receive data from server",
    "could not send data to server", "SSL connection has been closed", "the connection is closed",
    "SSL SYSCALL error: EOF", "unexpected eof while reading",
    "connection closed", "reset by peer", "socket was unexpectedly closed", "wire message", "message header: EOF",
)  # fmt: skip


def fit_to_show(said: str, secrets: Iterable[str] = ()) -> str:
    """The first line that says something, cut at 200 signs; each secret becomes `…`."""
    return _shown(next((line.strip() for line in said.splitlines() if line.strip()), ""), secrets, LONGEST)


def whole_to_show(said: str, secrets: Iterable[str] = ()) -> str:
    """All its lines as one, cut at 600 signs; each secret becomes `…`."""
    return _shown(" ".join(said.split()), secrets, LONGEST_WHOLE)


def cause_of(said: str, secrets: Iterable[str] = ()) -> str:
    """The cause at the end of what PostgreSQL's client reports: `… port 5432 failed: FATAL:  no such database`."""
    before, _, end = said.rpartition("failed:")
    if "No such file or directory" in end and (socket := before.rpartition('server on socket "')[2].strip(' "')):
        # As it stands, it would be taken for a dump that is missing.
        return fit_to_show(f"no server is listening on the socket {socket}", secrets)
    end = end.strip() or said
    return fit_to_show(end.removeprefix("FATAL:").removeprefix("error:"), secrets)


def gone_away(said: str) -> str:
    """In plain words that the server ended the connection, where a client reports that; '' = it does not."""
    if not any(sign in said for sign in SIGNS_OF_GOING):
        return ""
    return (
        "the server ended the connection while it was at work (it crashed, was restarted, or somebody had it ended): "
        "look into its log, and try again once it answers"
    )


def with_going(said: str, words: str) -> str:
    """`words`, which are those of `said` that are shown; where the server went away, that comes first."""
    return f"{gone} ({words})" if (gone := gone_away(said)) else words


def _shown(line: str, secrets: Iterable[str], longest: int) -> str:
    for secret in sorted(secrets, key=len, reverse=True):
        line = line.replace(secret, "…")
    line = "".join(sign if sign.isprintable() else " " for sign in line)
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
