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

# Of somebody of whom no name is known.
MENTION = re.compile(r"<@([UW][A-Z0-9]+)>")


class TocsinError(Exception):
    """Base of every error of this project."""


class Refused(TocsinError):
    """A person can fix this. The message is shown to them as it is: what was wrong, and what to do or type instead."""

    @property
    def plain(self) -> str:
        """Where it is not read in Slack: commands stand between no backquotes, and nobody is mentioned."""
        return self.naming({}).replace("`", "")

    @property
    def accounts(self) -> list[str]:
        """Of the people in it of whom no name was known."""
        return MENTION.findall(str(self))

    def naming(self, names: Mapping[str, str]) -> str:
        """With these names of accounts."""
        return MENTION.sub(lambda found: names.get(found[1], f"the Slack account {found[1]}"), str(self))


class NotFound(Refused):
    """What was named does not exist."""


class NotPermitted(Refused):
    """The runbook's `permissions` give this deed to other people."""


class AlreadyDone(Refused):
    """It is so already; nothing was changed."""


class Overtaken(Refused):
    """The page that was answered is from before the incident was reopened; nothing was changed."""


class Failed(TocsinError):
    """The world can fix this. The message is short, holds no secret, and is kept as the last error of what failed."""


class Unreachable(Failed):
    """Nothing was accepted by the other side, so trying again repeats nothing."""


class RateLimited(Unreachable):
    """The other side limits our rate in one place of many, such as a channel of Slack's."""

    def __init__(self, message: str, retry_after: timedelta) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Held(RateLimited):
    """The other side has just told another that it takes no more for now, so it was not asked: that is no attempt.

    `place`: what it takes no more of, such as posts in one channel; empty: where only one at a time asks anyway.
    """

    def __init__(self, message: str, retry_after: timedelta, place: str = "") -> None:
        super().__init__(message, retry_after)
        self.place = place


class Throttled(Unreachable):
    """The other side limits whatever we send it, and not this one thing; who goes on asking is limited for longer.

    `retry_after`: how long it wants us to wait; None when it has not said.
    """

    def __init__(self, message: str, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unanswered(Failed):
    """The request left but no answer came: it may or may not have been accepted. Look before sending again."""


class Rejected(Failed):
    """The other side refused for good; `code` is its own word for why."""

    def __init__(self, message: str, code: str = "") -> None:
        super().__init__(message)
        self.code = code
