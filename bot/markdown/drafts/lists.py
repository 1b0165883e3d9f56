"""Reads lists with runbook content: contacts, escalations, objectives, checklists, maintenance."""

import re
from collections.abc import Sequence

from bot.markdown.descriptions import is_told
from bot.markdown.drafts.draft import TODO, Draft, Unread
from bot.markdown.drafts.places import Found
from bot.markdown.drafts.values import contact_in, duration_in, named, severities_in
from bot.markdown.drafts.watching import read_limits
from bot.markdown.outline import Code, Item, Listing, Section
from bot.markdown.words import one_line

CONTACTS = re.compile(r"contact|response team|on-?call|stakeholder", re.IGNORECASE)
PROVIDERS = re.compile(r"provider|supplier|vendor", re.IGNORECASE)
ESCALATION = re.compile(r"escalation (?:path|steps|chain|order|procedure)|escalate to", re.IGNORECASE)
ROUNDS = {"dai": "day", "wee": "week", "mon": "month", "qua": "quarter"}
ROUND = re.compile(r"(daily|weekly|monthly|quarterly)\b", re.IGNORECASE)
CHECKLIST = re.compile(r"check ?list|verif|triage|post-?incident|post-?resolution|follow-?up", re.IGNORECASE)
AFTER = re.compile(
    r"post-?incident|post-?resolution|follow-?up|aftercare|short-term|long-term|after resolution", re.IGNORECASE
)
TRIAGE = re.compile(r"triage|assessment|first|initial|immediate|incident|emergency", re.IGNORECASE)
OWED = re.compile(r"\brequired\b|\bwhen\b|mandatory|criteria", re.IGNORECASE)
LONGER = re.compile(r">|longer than|more than|over ", re.IGNORECASE)
WHATEVER = re.compile(
    r"any (?:incident|outage)s? (?:affecting|involving|about) (?:the )?(?P<what>[\w -]{3,40})", re.IGNORECASE
)
POSTMORTEM = re.compile(r"post-?mortem", re.IGNORECASE)
WITHIN = re.compile(r"\bwithin\b", re.IGNORECASE)
# Ways to reach nobody in particular.
WAYS = re.compile(r"e-?mail|phone|telephone|slack|web ?site|status page", re.IGNORECASE)
FIRST = re.compile(r"(?:immediate|first|initial) (?:response|responders?)", re.IGNORECASE)
CHANNELS = re.compile(r"communication channels?", re.IGNORECASE)
VERIFY = re.compile(r"verif", re.IGNORECASE)
CHANNEL = re.compile(r"#([a-z][a-z0-9_-]{2,79})")


def read_list(section: Section, around: Sequence[str], listing: Listing, draft: Draft) -> Found | None:
    """Read a list and return what it was understood as; None: nothing known, it may be steps."""
    title = section.title
    above = " / ".join((*around[-2:], title))
    if any(isinstance(block, Code) for item in listing.items for block in item.within):
        return None
    if PROVIDERS.search(title):
        return _providers(listing, draft)
    if ESCALATION.search(title) and listing.is_numbered:
        return _path(listing, draft)
    if often := ROUND.match(title):
        return _upkeep(listing, ROUNDS[often[1][:3].lower()], draft)
    if found := _objective(listing, title or above, draft) or read_limits(title, listing, draft):
        return found
    if CONTACTS.search(above) or CHANNELS.search(title):
        return _contacts(listing, title, draft)
    if POSTMORTEM.search(above):
        return (_owed(listing, draft) if OWED.search(title) else None) or _deadlines(listing, draft)
    return _ticked(title, around, listing, draft)


def _ticked(title: str, around: Sequence[str], listing: Listing, draft: Draft) -> Found | None:
    above = " / ".join((*around[-2:], title))
    if listing.is_numbered and AFTER.search(title):
        return _checklist(listing, title, duration_in(title), draft)
    if all(item.is_box for item in listing.items) or (CHECKLIST.search(title) and not listing.is_numbered):
        return _checklist(listing, above, duration_in(title), draft)
    # Things to do under a heading about the time after the incident.
    is_after = any(AFTER.search(one) for one in around[1:][-2:])
    if is_after and not listing.is_numbered and all(is_told(item.text) for item in listing.items):
        return _checklist(listing, above, duration_in(title), draft)
    return None


def _contacts(listing: Listing, title: str, draft: Draft) -> Found | None:
    people: list[str] = []
    for item in listing.items:
        name, rest = named(item.text)
        channel = CHANNEL.search(rest)
        if "slack" in name.lower() and channel:
            draft.channels.setdefault("incidents", f"#{channel[1]}")
        elif name and not WAYS.fullmatch(name) and (contact := contact_in(rest)):
            people.append(draft.person(name, contact))
        else:
            draft.unread.append(Unread(item.line, one_line(item.text)))
    if people:
        if FIRST.search(title):
            draft.responds_first(title, people)
        return Found("people", f"people ({len(people)} of {len(listing.items)})")
    if any("slack" in named(item.text)[0].lower() for item in listing.items) and "incidents" in draft.channels:
        return Found("channels", f"channels.incidents, {draft.channels['incidents']}")
    draft.unread.clear()
    return None


def _providers(listing: Listing, draft: Draft) -> Found:
    for item in listing.items:
        name, rest = named(item.text)
        contact = contact_in(rest)
        for value in contact.values():
            rest = rest.replace(value, "")
        draft.provider(name or rest, rest.strip(" ()`,"), contact)
    return Found("providers", f"providers ({len(listing.items)})")


def _path(listing: Listing, draft: Draft) -> Found:
    for item in listing.items:
        name, rest = named(item.text)
        contact = contact_in(rest) if name else {}
        key = draft.tier(name or rest)
        if contact:
            draft.person(name, contact)
        elif name and rest:
            draft.tier_words[key] = rest
    return Found("tiers", f"the order of {len(listing.items)} tiers")


def _upkeep(listing: Listing, every: str, draft: Draft) -> Found:
    draft.tasks += [{"do": one_line(item.text), "every": every} for item in listing.items if item.text]
    return Found("maintenance", f"maintenance tasks ({len(listing.items)} of every {every})")


def _objective(listing: Listing, title: str, draft: Draft) -> Found | None:
    spans: dict[str, str] = {}
    for item in listing.items:
        name, rest = named(item.text)
        span = duration_in(rest)
        for word in ("rto", "rpo"):
            if span and name.lower().startswith(word):
                spans[word] = span
    if not spans:
        return None
    said = "; ".join(one_line(item.text) for item in listing.items)
    scenario = one_line(title)[:150] or f"{TODO} name it"
    draft.objectives.append({"scenario": scenario, **spans})
    draft.ask("objectives", f"which disaster is “{scenario}” about? The document names none, and says: {said}")
    return Found("objectives", "an objective")


def _deadlines(listing: Listing, draft: Draft) -> Found | None:
    found: dict[str, str] = {}
    for item in listing.items:
        span = duration_in(item.text)
        said = {
            f"{word}_within": span for word in ("draft", "review", "schedule") if span and word in item.text.lower()
        }
        found |= said
        if not said:
            draft.unread.append(Unread(item.line, one_line(item.text), "no time of a draft or review is in it"))
    if not found:
        draft.unread.clear()
    draft.postmortem |= found
    return Found("postmortem", "deadlines of the post-mortem") if found else None


def _owed(listing: Listing, draft: Draft) -> Found | None:
    """Which incidents need a post-mortem: “All P1 incidents”, “P2 with more than 30 min impact”."""
    known = 0
    for item in listing.items:
        span = duration_in(item.text)
        ids = severities_in(item.text)
        if ids and (not span or LONGER.search(item.text)):
            for id in ids:
                draft.severity(id, {"postmortem": {"longer_than": span} if span else "required"})
            known += 1
        elif not ids and (found := WHATEVER.search(item.text)):
            draft.postmortem.setdefault("also_for", []).append(found["what"].strip().lower())
            known += 1
        else:
            draft.unread.append(Unread(item.line, one_line(item.text), "which incidents it means is not clear"))
    if not known:
        draft.unread.clear()
        return None
    return Found("postmortem", f"when a post-mortem is owed ({known} of {len(listing.items)})")


def _checklist(listing: Listing, above: str, within: str | None, draft: Draft) -> Found:
    name = "aftercare" if AFTER.search(above) else "verification" if VERIFY.search(above) else "triage"
    if name == "triage" and not TRIAGE.search(above):
        draft.ask_about_triage(above.rpartition(" / ")[2])
    items = draft.checklists.setdefault(name, [])
    for item in listing.items:
        own = (duration_in(item.text) if WITHIN.search(item.text) else None) or within
        if name == "aftercare":
            _after(item.text.lower(), own, draft)
        items.append(_item(item, own if name == "aftercare" else None))
    return Found("checklists", f"checklist {name} ({len(listing.items)})")


def _after(words: str, within: str | None, draft: Draft) -> None:
    """Read further settings from an aftercare entry."""
    if words.startswith("monitor for") and (span := duration_in(words)):
        draft.after_resolution.setdefault("watch_for", span)
    if "all clear" in words:
        draft.after_resolution["all_clear"] = True
    if within and POSTMORTEM.search(words) and "schedul" in words:
        draft.postmortem.setdefault("schedule_within", within)


def _item(item: Item, within: str | None) -> object:
    words = one_line(item.text) or "?"
    return {"do": words, "within": within} if within else words
