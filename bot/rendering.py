"""Renders every sentence from a template; the only module that knows Jinja and each folder's escaping."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta, tzinfo
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import BytecodeCache, Environment, FunctionLoader, StrictUndefined
from jinja2.bccache import Bucket

from bot.domain.backups.backup import size_shown
from bot.domain.checks.uptime import share_shown
from bot.domain.text import plain
from bot.runbook import duration_read
from bot.shipped import templates_folder

Escape = Callable[[str], str]
# A full stop or bracket at its end is not part of a URL.
ADDRESS = re.compile(r"""(https?://[^\s<>"']*[^\s<>"'.,;:!?)\]])""")
# The beginning of a long word: about as much as a phone shows in one line.
LONG = re.compile(r"(\S{30})(?=\S)")


class Safe(str):
    """Text already in its folder's markup, which is not escaped again."""


def escape_mrkdwn(text: str) -> str:
    """Escapes Slack's three special characters, `&` first: nothing from outside can mention anybody or forge a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def unescape_mrkdwn(text: str) -> str:
    """Undoes `escape_mrkdwn`, `&` last."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def escape_html(text: str) -> str:
    return escape_mrkdwn(text).replace('"', "&quot;").replace("'", "&#39;")


def linked(text: str) -> str:
    """HTML in which URLs are links, and everything else is as typed."""
    parts = ADDRESS.split(text)
    return "".join(_link(part) if number % 2 else breakable(part) for number, part in enumerate(parts))


def _link(address: str) -> str:
    return f'<a href="{escape_html(address)}">{breakable(address)}</a>'


def breakable(text: str) -> str:
    """HTML in which long words may break, by `<wbr>`, because half of the mail programs know no style for that."""
    parts = LONG.split(text)
    return "".join(
        f"{escape_html(part)}<wbr>" if number % 2 else escape_html(part) for number, part in enumerate(parts)
    )


def escape_markdown(text: str) -> str:
    """Typed text can't become a heading, a table's edge, HTML or a link; underscores within words stay."""
    marked = re.sub(r"([\\`*\[\]<|]|(?<!\w)_|_(?!\w)|~(?=~))", r"\\\1", text)
    # A line of only `=` or `-` makes the line above it a heading.
    return re.sub(r"^([ \t]{0,9})([#>]|(?:=+|-+)(?=[ \t]*$))", r"\1\\\2", marked, flags=re.MULTILINE)


def leave(text: str) -> str:
    """No escaping, for plain text: mail bodies, texts, what is read aloud."""
    return text


def escape_xml(text: str) -> str:
    """For what is read aloud or sent as a reply to a text; characters not allowed in XML become blanks."""
    return escape_html("".join(sign if sign.isprintable() or sign in "\n\t" else " " for sign in text))


FOLDERS: Mapping[str, Escape] = {
    "slack": escape_mrkdwn,
    "page": leave,
    "email": leave,
    "letter": escape_html,
    "statuspage": leave,
    "documents": leave,
    "markdown": escape_markdown,
    "web": escape_html,
    "feed": escape_xml,
    "telephone": leave,
    "twiml": escape_xml,
}


class Rendering:
    """Renders templates. A name is `<folder>/<template>` without extension; the folder determines the escaping."""

    def __init__(
        self, zone: tzinfo, folder: Path | None = None, slash_commands: Mapping[str, str] | None = None
    ) -> None:
        """`slash_commands`: the workspace's names for our commands (`incident` as `/ops-incident`)."""
        self._root = folder or templates_folder()
        self._slash_commands = slash_commands or {}
        self._environments = {name: _environment(self._root / name, escape, zone) for name, escape in FOLDERS.items()}

    def say(self, name: str, /, **facts: Any) -> str:
        """The rendered template, stripped. A missing fact is an error, not a gap."""
        folder, _, template = name.partition("/")
        words = self._environments[folder].get_template(f"{template}.j2").render(facts).strip()
        return self.as_renamed(words) if folder == "slack" else words

    @property
    def filters(self) -> Sequence[str]:
        """The names of all filters."""
        return list(self._environments["slack"].filters)

    def compiled(self) -> dict[str, bytes]:
        """All templates compiled, for `keep` in another process with the same Jinja."""
        for name, environment in self._environments.items():
            for file in _read(self._root / name):
                environment.get_template(file)
        return _compiled().kept

    def keep(self, compiled: Mapping[str, bytes]) -> None:
        """Store compiled templates, so that nobody waits at first use: compiling one takes up to 50 ms."""
        _compiled().kept.update(compiled)

    def as_renamed(self, words: str) -> str:
        """Replaces commands in backticks, such as `/incident list`, with their names in this workspace."""
        return re.sub(r"(?<=`)/([a-z]+)\b", lambda own: self._slash_commands.get(own[1], own[0]), words)

    def use(self, **filters: Callable[..., Any]) -> None:
        """Add filters to every folder."""
        for environment in self._environments.values():
            environment.filters.update(filters)


def _environment(folder: Path, escape: Escape, zone: tzinfo) -> Environment:
    environment = Environment(  # noqa: S701 - escaping is by folder, in finalize: only one of them is HTML
        loader=FunctionLoader(_read(folder).get),
        auto_reload=False,
        bytecode_cache=_compiled(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=lambda value: value if isinstance(value, Safe) else escape(plain(str(value))),
    )
    environment.filters.update(
        duration=duration_shown,
        exact_duration=duration_read,
        spelt=duration_spelt,
        size=size_shown,
        share=share_shown,
        time=lambda at, begins=None, seconds=False: time_shown(at, zone, begins, seconds=seconds),
        date_time=lambda at, in_zone=zone: f"{at.astimezone(in_zone):%a %d %b %Y %H:%M %Z}",
        slack_time=lambda at: _slack_time(at, zone),
        linked=lambda text: Safe(linked(plain(str(text)))),
        breakable=lambda text: Safe(breakable(plain(str(text)))),
        json=lambda value: Safe(json.dumps(value)),
        safe=Safe,
    )
    return environment


@cache
def _read(folder: Path) -> Mapping[str, tuple[str, str, None]]:
    """Read all files once: an upgrade replaces them, and this process supplies the facts that the older ones need."""
    files = folder.glob("*.j2")
    return {one.name: (one.read_text("utf-8"), str(one), None) for one in files}


class Compiled(BytecodeCache):
    """The templates compiled in this process; a changed one is compiled again."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if bucket.key in self.kept:
            bucket.bytecode_from_string(self.kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.kept[bucket.key] = bucket.bytecode_to_string()


@cache
def _compiled() -> Compiled:
    return Compiled()


def duration_shown(value: timedelta) -> str:
    """To the second below an hour, to the minute above: nobody reads `2 h 3 min 11 s` at night."""
    if timedelta(0) <= value < timedelta(seconds=0.5):
        return "under 1 s"
    whole = timedelta(seconds=round(value.total_seconds()))
    if whole >= timedelta(hours=1):
        whole = timedelta(minutes=round(whole.total_seconds() / 60))
    return duration_read(whole)


def duration_spelt(value: timedelta) -> str:
    """Written out for letters, to the minute, and from a day on to the hour: `2 hours 3 minutes`."""
    minutes = max(round(value / timedelta(minutes=1)), 0)
    if minutes >= 24 * 60:
        minutes = round(minutes / 60) * 60
    counts = {"day": minutes // (24 * 60), "hour": minutes // 60 % 24, "minute": minutes % 60}
    said = [f"{count} {unit}{'s' if count > 1 else ''}" for unit, count in counts.items() if count]
    return " ".join(said) or "less than a minute"


def time_shown(at: datetime, zone: tzinfo, begins: datetime | None = None, *, seconds: bool = False) -> str:
    """The time in this zone.

    `begins`: on another day than this, the weekday is added, after a week also the date, and in another year also the
    year.
    """
    local, day = at.astimezone(zone), ""
    if begins:
        later = abs(local.date() - begins.astimezone(zone).date())
        day = "" if not later else "%a " if later < timedelta(weeks=1) else "%a %d %b "
        if local.year != begins.astimezone(zone).year and later >= timedelta(weeks=1):
            day = "%a %d %b %Y "
    return local.strftime(f"{day}%H:%M{':%S' if seconds else ''} %Z")


def _slack_time(at: datetime, zone: tzinfo) -> Safe:
    """A time that Slack shows to each reader in their own zone."""
    return Safe(f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at.astimezone(zone):%d %b %H:%M %Z}>")
