"""The runbook's audiences: found by name, and the addresses of each."""

import difflib
from collections.abc import Sequence

from bot.domain.errors import NotFound
from bot.domain.text import either
from bot.domain.updates.update import Outlet, Update
from bot.publishers import outlets
from bot.runbook import Runbook
from bot.runbook.audiences import Audience, component_names

Where = tuple[Outlet, str]


def audience_called(runbook: Runbook, name: str) -> Audience:
    """Find an audience by key, ignoring case; raises NotFound, suggesting the nearest."""
    keys = {key.lower(): key for key in runbook.audiences}
    wanted = name.strip().lower()
    if wanted in keys:
        return runbook.audiences[keys[wanted]]
    if not keys:
        raise NotFound("The runbook has no audiences. Add them under `audiences:`.")
    near = difflib.get_close_matches(wanted, keys, n=1)
    hint = f"Did you mean {keys[near[0]]}? " if near else ""
    raise NotFound(f"There is no audience “{name.strip()}”. {hint}Use {either(list(runbook.audiences))}.")


def audience_of(runbook: Runbook, update: Update) -> Audience:
    """The audience of an update. Raises NotFound when it has left the runbook."""
    if update.audience in runbook.audiences:
        return runbook.audiences[update.audience]
    raise NotFound(
        f"Nothing can be sent to {update.audience}: the runbook no longer has that audience. "
        "Put it back under `audiences`, or write to another one: `/incident tell` shows them."
    )


def components_called(runbook: Runbook, names: Sequence[str]) -> list[str]:
    """The runbook's components of these names, each once, ignoring case; raises NotFound, listing those there are."""
    known = component_names(runbook.audiences.values())
    by_name = {name.lower(): name for name in known}
    if names and not known:
        raise NotFound("No audience of the runbook names components. Add `components: [Shop]` to its `page`.")
    for name in names:
        if name.strip().lower() not in by_name:
            raise NotFound(f"There is no component “{name.strip()}”. Use {either(known)}.")
    return list(dict.fromkeys(by_name[name.strip().lower()] for name in names))


def addresses(audience: Audience) -> list[Where]:
    """The outlets of an audience with their addresses, each once; mailboxes are compared ignoring case."""
    found: dict[Where, Where] = {}
    for via, facts in outlets().items():
        for address in facts.addresses(audience):
            found.setdefault((via, address.lower() if "@" in address else address), (via, address))
    return list(found.values())


def takes_all(audience: Audience) -> bool:
    """Whether all its outlets want every change. Next to mail or Slack they get only what those get."""
    found = addresses(audience)
    return bool(found) and all(outlets()[via].takes_all for via, _ in found)
