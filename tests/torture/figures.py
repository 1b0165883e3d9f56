"""A torture run's statistics."""

from collections import Counter
from datetime import timedelta

from tests.torture.evidence import Evidence, Page
from tests.torture.scene import Run


def figures(run: Run, evidence: Evidence) -> str:
    """One figure per line."""
    return "\n".join(f"{name:42} {figure}" for name, figure in _lines(run, evidence))


def _lines(run: Run, evidence: Evidence) -> list[tuple[str, object]]:
    pages = [page for incident in evidence.incidents for page in incident.pages]
    states = Counter(page.state for page in pages)
    tried = sorted(page.first_attempt_at - page.due_at for page in pages if page.first_attempt_at)
    turned_away = [said for said in evidence.said if said.was_turned_away]
    titles = {incident.title for incident in evidence.incidents}
    done = [said for said in turned_away if said.deed == "declare" and said.title in titles]
    mails = Counter(one.reference for one in evidence.taken if one.via == "email")
    return [
        ("incidents", len(evidence.incidents)),
        ("answered or resolved", sum(incident.stops_at is not None for incident in evidence.incidents)),
        ("of these declared by an alert", sum(said.deed == "alert" and said.was_taken for said in evidence.said)),
        ("requests taken in", len(evidence.requests)),
        ("told that nothing was recorded", len(turned_away)),
        ("told first that it was not known", sum(said.was_confirmed for said in evidence.said)),
        ("of these recorded all the same", len(done)),
        ("told only that it was not known", sum(said.was_left_open for said in evidence.said)),
        ("set aside after two kills", sum(said.was_set_aside for said in evidence.said)),
        ("kill -9", run.counts["kills"]),
        ("frozen shorter / longer than the lease", f"{run.counts['short freezes']} / {run.counts['long freezes']}"),
        ("database stopped / crashed", f"{run.counts['database stopped']} / {run.counts['database crashed']}"),
        ("database read-only / locked / commits hang", _database(run)),
        ("database's clock set", run.counts["database's clock set"]),
        ("database away or locked", f"{run.away_s:.0f} s"),
        ("troubles of Slack", _some(run, "slack ")),
        ("Slack away while a process starts", run.counts["Slack away"]),
        ("Slack / mail hangs", f"{run.counts['Slack hangs']} / {run.counts['mail hangs']}"),
        ("runbook changed", run.counts["runbook changed"]),
        ("troubles of the mail server", _some(run, "mail ")),
        ("pages", len(pages)),
        ("by state", ", ".join(f"{state} {count}" for state, count in sorted(states.items()))),
        ("taken by Slack / by mail", f"{sum(one.via == 'slack' for one in evidence.taken)} / {len(mails)}"),
        ("marked as a possible repeat", sum(one.marked for one in evidence.taken)),
        ("mails handed over again under the same id", sum(mails.values()) - len(mails)),
        ("taken unheard, then cancelled by an answer", _unheard(pages, evidence)),
        ("read for what is not true", _told(evidence)),
        ("lateness: median, 99 %, longest", _quantiles(tried)),
    ]


def _database(run: Run) -> str:
    return " / ".join(str(run.counts[f"database {what}"]) for what in ("read-only", "locked", "commits hang"))


def _told(evidence: Evidence) -> str:
    answers = sum(len(said.heard) for said in evidence.said)
    return f"{answers} answers, {len(evidence.written)} versions of messages, {len(evidence.alerts)} answers to alerts"


def _unheard(pages: list[Page], evidence: Evidence) -> int:
    """Pages whose outcome stayed unknown: a response was lost, and then somebody acknowledged."""
    taken = {one.page for one in evidence.taken}
    return sum(page.state == "cancelled" and page.id in taken for page in pages)


def _some(run: Run, prefix: str) -> str:
    found = {name.removeprefix(prefix): count for name, count in sorted(run.counts.items()) if name.startswith(prefix)}
    return ", ".join(f"{name} {count}" for name, count in found.items()) or "none"


def _quantiles(spans: list[timedelta]) -> str:
    """Quantiles of the delay from a due step to its first attempt."""
    if not spans:
        return "no page was tried"
    chosen = (spans[len(spans) // 2], spans[int(len(spans) * 0.99)], spans[-1])
    return ", ".join(f"{span.total_seconds():.2f} s" for span in chosen)
