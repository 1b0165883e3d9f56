"""The words for one audience at one moment, by the organisation's template or the shipped one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.updates.facts import Facts
from bot.domain.updates.lint import Finding
from bot.domain.updates.update import words_of
from bot.rendering import Rendering
from bot.words.overrides import KINDS, Overrides
from bot.words.sandbox import BrokenTemplate


@dataclass(frozen=True)
class Said:
    """Rendered words. `broken`: why the organisation's own template wasn't used, with file and line. `found`: parts
    that somebody has to review before it is sent; `left_out`: these words are without them."""

    subject: str
    text: str
    broken: str | None = None
    found: Sequence[Finding] = ()
    left_out: bool = False

    def __str__(self) -> str:
        return self.subject


class AudienceWords:
    def __init__(self, rendering: Rendering, overrides: Overrides) -> None:
        self._rendering = rendering
        self._overrides = overrides

    def knows(self, template: str) -> bool:
        return template in (*KINDS, *self._overrides.names)

    def say(self, template: str, facts: Facts) -> Said:
        """Render the words. If the organisation's template fails, the shipped one of that name is used; if there is
        none, `public`, so that nobody reads what wasn't meant for them."""
        return self._said(template, facts.by_name, instead=template if template in KINDS else "public")

    def say_planned(self, template: str, facts: Mapping[str, object]) -> Said:
        """Like `say`, for planned work: `template` is one of `PLANNED_KINDS`."""
        return self._said(template, facts, instead=template)

    def _said(self, template: str, facts: Mapping[str, object], *, instead: str) -> Said:
        if template not in self._overrides.names:
            return self._shipped(template, facts)
        try:
            return Said(*self._overrides.words(template, facts))
        except BrokenTemplate as broken:
            return replace(self._shipped(instead, facts), broken=str(broken))

    def _shipped(self, template: str, facts: Mapping[str, object]) -> Said:
        subject, _, text = self._rendering.say(f"email/{template}", **facts).partition("\n")
        return Said(*words_of(subject, text))
