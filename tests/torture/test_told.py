"""The checker detects each kind of untruth: sentences true once, applied to evidence against them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.sandbox.answers import AppAnswer
from bot.sandbox.model import Message
from tests.torture.checker import every_alert_is_answered_truly, nobody_reads_a_sentence_that_is_not_true
from tests.torture.evidence import AlertAnswer, Answered, Evidence, Incident, Page, Said, Written
from tests.torture.providers import Taken

BEGAN = datetime(2026, 8, 6, 14, 0, tzinfo=UTC)
LONG_AFTER = BEGAN + timedelta(minutes=2)
NAMES = {"ada": "Ada Obi", "U0ADA": "Ada Obi", "ben": "Ben Moss", "eve": "Eve Lind"}
TIERS = {"oncall": "On-call Engineer", "lead": "Engineering Lead"}
AT = f"<!date^{BEGAN.timestamp():.0f}^{{time}}|14:00>"


def page(number: int, tier: str, person: str, state: str, **more: object) -> Page:
    accepted_at = BEGAN if state == "accepted" else None
    made = Page(
        number, 1, 1, 0, number - 1, tier, person, "slack", state, BEGAN, BEGAN, accepted_at, f"D/{number}", None, None
    )
    return replace(made, **more)  # type: ignore[arg-type]


def incident(**more: object) -> Incident:
    policy = {"steps": [{"tier": "oncall", "wait_s": 3}, {"tier": "lead", "wait_s": 3}], "stops_on": "acknowledged"}
    made = Incident(1, "Report 1", "P1", "C1", BEGAN, None, None, "exhausted", 1, 0, 2, policy)
    made.pages = [page(1, "oncall", "ada", "accepted"), page(2, "lead", "ben", "refused")]
    return replace(made, **more)  # type: ignore[arg-type]


def evidence(about: Incident, words: str = "", key: str = "post 1", *, answer: str = "", deed: str = "ack") -> Evidence:
    """Evidence in which Ada's page was accepted, and Ben's was not."""
    taken = [Taken("slack", 1, "U0ADA", BEGAN, "D/1", marked=False)]
    answers = [Message(str(LONG_AFTER.timestamp()), "C0", "U0TOCSIN", answer)] if answer else []
    said = [Said(deed, about.title, AppAnswer(messages=answers), "eve")]
    written = [Written(key, "C1", words, LONG_AFTER, is_last=True)]
    return Evidence([about], [], taken, [], said, written, names=NAMES, tiers=TIERS)


@pytest.mark.parametrize(
    "answer",
    [
        "*INC-1* declared as P2: Report 1", "*INC-2* declared as P1: Report 1", "*INC-1* acknowledged: it's yours.",
        "INC-1 is already acknowledged by Ada Obi.", "*INC-1* resolved: no more pages.", "INC-1 is already resolved.",
        f"*INC-1* is snoozed: no more pages before {AT}.", "*CEO* is being paged for INC-1; the card shows it.",
        "Eve Lind is being paged for INC-1.", "All is well, and nobody compares that with anything.",
    ],
)  # fmt: skip
def test_an_untrue_answer_is_detected(answer: str) -> None:
    assert list(nobody_reads_a_sentence_that_is_not_true(evidence(incident(), answer=answer)))


@pytest.mark.parametrize(
    "post",
    [
        "👀 <@U0ADA> acknowledged. Paging stopped.", "✅ *INC-1 is resolved* by <@U0ADA>: over",
        f"💤 <@U0ADA> snoozed paging until {AT}.", "⚠ *Ada Obi was not reached*: no page was accepted.",
        "📣 Nobody acknowledged, so *CEO* Eve Lind is being paged.",
        "📣 No page to the previous tier has been confirmed, so *Engineering Lead* Ben Moss is being paged.",
        "⚠ *Nobody acknowledged INC-1, and there's nobody left to page.*",
        "⚠ *Nobody could be paged for INC-1:* no provider accepted a page.",
        "• On-call Engineer: Ada Obi *not reached*", "• Engineering Lead: Ben Moss paged",
        "• On-call Engineer: Ada Obi *not known whether paged*", "• On-call Engineer: *nobody was paged*",
    ],
)  # fmt: skip
def test_an_untrue_post_is_detected(post: str) -> None:
    about = incident()
    about.pages[1] = page(2, "lead", "ben", "refused", due_at=BEGAN + timedelta(minutes=1))
    assert list(nobody_reads_a_sentence_that_is_not_true(evidence(about, post)))


@pytest.mark.parametrize(
    "card",
    [
        f"✓ Ben Moss, Engineering Lead: Slack sent {AT}", "✗ Ada Obi, On-call Engineer: Slack refused (no such user)",
        "– Ada Obi, On-call Engineer: Slack not sent, no longer needed", f"👀 Acknowledged by <@U0ADA> {AT}",
        f"✅ Resolved {AT} by Ada Obi: over", f"Next: Engineering Lead {AT}, unless somebody acknowledges.",
        "⏳ Ben Moss, Engineering Lead: Slack not sent yet, tried 1×",
    ],
)  # fmt: skip
def test_an_untrue_card_is_detected(card: str) -> None:
    assert list(nobody_reads_a_sentence_that_is_not_true(evidence(incident(), card, "incident:1")))


@pytest.mark.parametrize("key", ["incident:1", "announcement:1"])
def test_a_stale_card_is_detected(key: str) -> None:
    told = evidence(incident(acknowledged_at=LONG_AFTER), "investigating, not acknowledged yet", key)
    assert list(nobody_reads_a_sentence_that_is_not_true(told))


@pytest.mark.parametrize(
    "words",
    ["Acknowledge to stop paging", "This page is late: it was due <!date^1^x>.", f"✅ Resolved by Ada Obi {AT}."],
)
def test_an_untrue_page_is_detected(words: str) -> None:
    told = evidence(incident(acknowledged_at=LONG_AFTER), words, "page:1")
    assert list(nobody_reads_a_sentence_that_is_not_true(told))


TRUE: dict[str, Callable[[], Evidence]] = {
    "an answer": lambda: evidence(incident(), answer="*INC-1* declared as P1: Report 1\nPaging now."),
    "an end": lambda: evidence(
        incident(), "• On-call Engineer: Ada Obi paged\n• Engineering Lead: Ben Moss *not reached*"
    ),
    "a card": lambda: evidence(
        incident(), f"✓ Ada Obi, On-call Engineer: Slack sent {AT}\n✗ Ben Moss: Slack refused (no)", "incident:1"
    ),
    "an acknowledgement": lambda: evidence(
        incident(acknowledged_at=BEGAN, answers=[Answered("acknowledged", "ada", BEGAN)]),
        f"👀 Acknowledged by Ada Obi {AT}.", "page:1",
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", TRUE)
def test_true_sentences_pass(what: str) -> None:
    assert list(nobody_reads_a_sentence_that_is_not_true(TRUE[what]())) == []


@pytest.mark.parametrize(
    ("status", "words", "is_kept"),
    [(202, '{"accepted": 1}', False), (503, '{"error": "nothing was stored, send it again later"}', True)],
)
def test_an_untrue_answer_to_an_alert_is_detected(status: int, words: str, is_kept: bool) -> None:
    kept = ['{"description": "Report 1, attempt 0."}'] * is_kept
    told = replace(evidence(incident()), alerts=[AlertAnswer("Report 1, attempt 0.", status, words)], alerts_kept=kept)
    assert len(list(every_alert_is_answered_truly(told))) == 1
