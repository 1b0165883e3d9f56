"""Everything that can go wrong, in one tree.

TocsinError
├── Refused                 a person asked for something that cannot be; the message says what to do instead
│   ├── NotFound            no such incident, person, tier, check, backup ...
│   ├── NotPermitted        the runbook gives this deed to others
│   ├── AlreadyDone         it is so already; nothing was changed
│   └── Overtaken           the page that was answered is from before a reopening; nothing was changed
└── Failed                  the world did not answer as it should; trying again may help
    ├── Unreachable         nothing was accepted: safe to try again
    │   ├── RateLimited     told to wait `retry_after`
    │   │   └── Held        not asked at all, because another was told so a moment ago
    │   └── Throttled       takes nothing of ours for now, whatever it is: one at a time asks again for all
    ├── Unanswered          sent, but no answer came back: it may have been accepted
    └── Rejected            the other side said no, for good: trying again changes nothing
"""

import re
from collections.abc import Mapping
from datetime import timedelta

# A mention of somebody whose name is unknown.
MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")


class TocsinError(Exception):
    """Base of every error of this project."""


class Refused(TocsinError):
    """A person can fix this. The message is shown to them as is: what was wrong, and what to do or type instead."""

    @property
    def plain(self) -> str:
        """The message for outside Slack: without backquotes and mentions."""
        return self.naming({}).replace("`", "")

    @property
    def accounts(self) -> list[str]:
        """Slack ids mentioned in the message because their names were unknown."""
        return MENTION.findall(str(self))

    def naming(self, names: Mapping[str, str]) -> str:
        """The message with these names for Slack ids."""
        return MENTION.sub(lambda found: names.get(found[1], f"the Slack account {found[1]}"), str(self))


class NotFound(Refused):
    """What was named does not exist."""


class NotPermitted(Refused):
    """The runbook's `permissions` reserve this deed for others."""


class AlreadyDone(Refused):
    """It is already so; nothing was changed."""


class Overtaken(Refused):
    """The answered page is from before the incident was reopened; nothing was changed."""


class Failed(TocsinError):
    """The outside world failed. The message is short, holds no secret, and is stored as the last error of what
    failed."""


class Unreachable(Failed):
    """The other side accepted nothing, so retrying duplicates nothing."""


class RateLimited(Unreachable):
    """A rate limit on one place of many, such as a Slack channel."""

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Held(RateLimited):
    """Not attempted, because another request just hit the rate limit; counts as no attempt.

    `place`: what is limited, such as posts in one channel; empty: where requests are serialised anyway.
    """

    def __init__(self, message: str, retry_after: timedelta, place: str = "") -> None:
        super().__init__(message, retry_after)
        self.place = place


class Throttled(Unreachable):
    """A rate limit on everything we send there; carrying on would prolong it.

    `retry_after`: the wait asked for; None: not given.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unanswered(Failed):
    """The request was sent but not answered: it may have been accepted. Look for it before sending again."""


class Rejected(Failed):
    """The other side refused for good; `code` is its own error code."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
