"""Finds what a document has people check: addresses for health checks, their limits and intervals."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import urlsplit

from bot.markdown.drafts.draft import Draft, Unread
from bot.markdown.drafts.places import Found
from bot.markdown.drafts.values import duration_in, named
from bot.markdown.outline import Block, Code, Listing, Section
from bot.markdown.steps import READ_ABOUT
from bot.markdown.words import one_line

# Under such headings things are tried out, or are done elsewhere.
_TRIED = re.compile(r"\btest|staging|rehears|drill|template|example", re.IGNORECASE)
_NOT_LIVE = re.compile(r"\b(?:test|staging|stage|dev)\b", re.IGNORECASE)
_LOOKED_AT = re.compile(r"verif|check|health|service|uptime|watch|monitor|endpoint", re.IGNORECASE)
_CURL = re.compile(r"\bcurl\b(?P<rest>[^\n|;&]{0,500})")
_SENDS = re.compile(r"\s(?:-X|--request|-d|--data\S*|-F|--form)\b")
_ADDRESS = re.compile(r"https?://[^\s\"'`<>|\\()\[\]{}$*]{3,200}")
_HEALTHY = re.compile(r"health|ping|ready|alive|livez|status", re.IGNORECASE)
_NETCAT = re.compile(r"\bnc(?: -\w{1,8})* (?P<host>[A-Za-z][\w.-]{1,100}) (?P<port>\d{2,5})\b")
_COMMENT = re.compile(r"#\s*(?:\d{1,2}[.)]\s*)?(?P<words>[^#\n]{3,60})")
_VERBS = re.compile(r"(?:check|verify|test|see)\s+(?:the\s+)?", re.IGNORECASE)
_LIMITS = re.compile(r"metric|threshold|limit|target|standard|\bsl[oa]\b", re.IGNORECASE)
_SPEED = re.compile(r"(?:\w+ )?(?:response|load|answer)(?:ing)?(?: times?)?|latency", re.IGNORECASE)
_FAST = re.compile(
    r"(?:[<≤]=?|\bunder|\bbelow|\bwithin|\bat most)\s*(?P<count>\d{1,5}(?:\.\d{1,2})?)\s?(?P<unit>ms|s)(?:ec\w*)?\b",
    re.IGNORECASE,
)
_UP = re.compile(r"availability|uptime", re.IGNORECASE)
_AT_LEAST = re.compile(
    r"(?:[>≥]=?|\bat least)\s*(?P<share>\d{2}(?:\.\d{1,4})?)\s?%|(?P<target>\d{2}(?:\.\d{1,4})?)\s?% target",
    re.IGNORECASE,
)
_BELOW = re.compile(r"(?:[<≤]=?|\bunder|\bbelow|\bat most)\s*(?P<share>\d{1,2})\s?%", re.IGNORECASE)
_ROUND = re.compile(r"(?:schedule|interval|frequency|checked|runs?)\W{1,3}every (?P<span>\d{1,3} ?\w+)", re.IGNORECASE)
MONITORING = re.compile(r"monitor|health", re.IGNORECASE)
NOT_MEASURED = "no check measures it; what your monitoring says of it is for alerts.rules"


def watch(section: Section, around: Sequence[str], draft: Draft) -> Iterator[tuple[int, Found]]:
    """Each address it has people check: the line, and the new check. Steps that mention it remain steps."""
    titles = (*around[1:], section.title)
    if any(_TRIED.search(one) for one in titles[-2:]) or READ_ABOUT.fullmatch(section.title):
        return
    for line, name, kind, target in _looks(section.blocks, section.title):
        if key := draft.check(name, kind, target):
            yield line, Found("health", f"health.checks.{key}")
    if "every" not in draft.health and any(MONITORING.search(one) for one in titles[-2:]):
        for line, text in _texts(section.blocks):
            found = _ROUND.search(text)
            if found and (span := duration_in(found["span"])):
                draft.health["every"] = span
                yield line, Found("health", f"health.every, {span}")
                return


def read_limits(title: str, listing: Listing, draft: Draft) -> Found | None:
    """Read a list of limits; None: no check can enforce any of them."""
    if not _LIMITS.search(title):
        return None
    known = 0
    for item in listing.items:
        if _limit(item.text, draft):
            known += 1
        else:
            draft.unread.append(Unread(item.line, one_line(item.text), NOT_MEASURED))
    if not known:
        draft.unread.clear()
        return None
    return Found("health", f"limits of health ({known} of {len(listing.items)})")


def _limit(text: str, draft: Draft) -> bool:
    name, rest = named(text)
    if _UP.fullmatch(name) and (found := _AT_LEAST.search(rest)):
        draft.health.setdefault("availability", f"{found['share'] or found['target']}%")
    elif _SPEED.fullmatch(name) and (found := _FAST.search(rest)):
        draft.slow = draft.slow or _span(float(found["count"]), found["unit"].lower())
        draft.ask("health", f"is it for every address? The document says: {one_line(text)}")
    elif "connection" in name.lower() and (found := _BELOW.search(rest)):
        draft.connections_below = draft.connections_below or f"{found['share']}%"
    else:
        return False
    return True


def _span(count: float, unit: str) -> str:
    return f"{round(count * 1000)}ms" if unit == "s" and count % 1 else f"{round(count)}{unit}"


def _looks(blocks: Sequence[Block], above: str) -> Iterator[tuple[int, str, str, str]]:
    """Line, name, kind and address of each."""
    for block in blocks:
        if isinstance(block, Code):
            yield from _called(block)
        elif isinstance(block, Listing):
            for item in block.items:
                name, rest = named(item.text)
                address = _ADDRESS.fullmatch(rest.strip("` "))
                if name and address and _LOOKED_AT.search(above) and not _is_elsewhere(address[0]):
                    yield item.line, re.sub(r"\s(?:loading|loads|is up)$", "", name), "http", address[0]
                yield from _looks(item.within, f"{above} {item.text}")


def _called(code: Code) -> Iterator[tuple[int, str, str, str]]:
    """The addresses its commands call, named by the comment directly above."""
    words = ""
    for at, line in enumerate(code.text.split("\n"), start=code.line + 1):
        comment, curl, port = _COMMENT.fullmatch(line.strip()), _CURL.search(line), _NETCAT.search(line)
        if comment:
            words = _VERBS.sub("", comment["words"]) if not comment["words"].endswith("?") else ""
        elif curl and not _SENDS.search(curl["rest"]) and (address := _ADDRESS.search(curl["rest"])):
            rest = curl["rest"][address.end() :]
            if _is_health(address[0]) and not rest.startswith(("$", "{", "[", "<")):
                yield at, words, "http", address[0]
        elif port:
            yield at, words, "tcp", f"{port['host']}:{port['port']}"


def _is_health(address: str) -> bool:
    path = urlsplit(address).path
    return (path in ("", "/") or bool(_HEALTHY.search(path))) and not _is_elsewhere(address)


def _is_elsewhere(address: str) -> bool:
    host = address.partition("://")[2].partition("/")[0]
    return bool(_NOT_LIVE.search(host)) or host.startswith(("localhost", "127.", "0."))


def _texts(blocks: Sequence[Block]) -> Iterator[tuple[int, str]]:
    for block in blocks:
        if isinstance(block, Listing):
            yield from ((item.line, item.text) for item in block.items)
        elif hasattr(block, "text"):
            yield block.line, block.text
