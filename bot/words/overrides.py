"""The folder of an organisation's own templates: `templates:` in the runbook."""

from collections.abc import Iterator, Mapping
from datetime import datetime, tzinfo
from pathlib import Path

from bot.domain.errors import Refused
from bot.domain.updates.facts import SeverityFacts, samples
from bot.domain.updates.planned_facts import planned_samples
from bot.domain.updates.update import TEXT_LENGTH, words_of
from bot.given_files import read_given
from bot.runbook.mistakes import advice
from bot.words.documents import POSTMORTEM
from bot.words.sandbox import LARGEST_FILE, BrokenTemplate, Sandbox

PLANNED_PREFIX = "maintenance_"
# The shipped templates for incidents, by audience.
KINDS = ("client", "internal", "public", "stakeholder")
# Those for planned work.
PLANNED_KINDS = tuple(f"{PLANNED_PREFIX}{kind}" for kind in KINDS)


class Overrides:
    """Read once. `client.j2` and `email/client.j2` both replace the shipped `client`; any other name is a new template
    that audiences may use."""

    def __init__(self, folder: Path | None, zone: tzinfo) -> None:
        """`folder` None: there are none. Unreadable files are reported by `mistakes`; nothing is raised."""
        self._unread: list[BrokenTemplate] = []
        self._sources: dict[str, str] = {}
        self._files: dict[str, str] = {}
        for path in _files(folder, self._unread):
            self._take(path)
        self._sandbox = Sandbox(zone, self._sources)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._files)

    def words(self, name: str, facts: Mapping[str, object], *, strict: bool = False) -> tuple[str, str]:
        """Subject and text. Raises BrokenTemplate."""
        file = self._files[name]
        subject, _, text = self._sandbox.render(file, facts, strict=strict).partition("\n")
        if strict and len(text.strip()) > TEXT_LENGTH:
            raise BrokenTemplate(file, None, f"is too long: {len(text)} characters, at most {TEXT_LENGTH}")
        try:
            return words_of(subject, text)
        except Refused as refusal:
            raise BrokenTemplate(
                file, None, f"has a first line (the subject), and a text behind it: {refusal}"
            ) from refusal

    def mistakes(self, used: Mapping[str, str], organisation: str, severity: SeverityFacts, at: datetime) -> list[str]:
        """Each with its file, line and moment. `used`: the template of each audience."""
        found = [str(one) for one in self._unread]
        for audience, template in used.items():
            if template not in (known := (*KINDS, *self._files)):
                hint = advice(template, known)
                found.append(f"audiences.{audience}.template: there is no template “{template}”: {hint}")
        for name, file in self._files.items():
            if name not in (*KINDS, *PLANNED_KINDS, *used.values()):
                found.append(
                    f"{file}: no audience has this template: {advice(name, (*KINDS, *PLANNED_KINDS, *used.values()))}"
                )
            found += self._broken(name, organisation, severity, at)
        return list(dict.fromkeys(found))

    def _broken(self, name: str, organisation: str, severity: SeverityFacts, at: datetime) -> Iterator[str]:
        seen: set[tuple[int | None, str]] = set()
        known = planned_samples(organisation, at) if name in PLANNED_KINDS else _by_moment(organisation, severity, at)
        for moment, facts in known:
            try:
                self.words(name, facts, strict=True)
            except BrokenTemplate as broken:
                if (place := (broken.line, broken.message)) not in seen:
                    yield f"{broken} (at the moment “{moment}”)"
                seen.add(place)

    def _take(self, path: Path) -> None:
        try:
            source = read_given(path)
            if len(source) > LARGEST_FILE:
                raise BrokenTemplate(str(path), None, f"is too large: at most {LARGEST_FILE} bytes")
            if path.stem in self._files:
                raise BrokenTemplate(str(path), None, f"is there twice: {self._files[path.stem]} as well")
            self._sources[str(path)] = source.decode("utf-8-sig")
            self._files[path.stem] = str(path)
        except BrokenTemplate as broken:
            self._unread.append(broken)
        except UnicodeDecodeError as error:
            line = source.count(b"\n", 0, error.start) + 1
            self._unread.append(BrokenTemplate(str(path), line, "is not UTF-8: save the file as UTF-8"))
        except OSError as error:
            self._unread.append(BrokenTemplate(str(path), None, f"can't be read: {error.strerror}"))


def _by_moment(organisation: str, severity: SeverityFacts, at: datetime) -> Iterator[tuple[str, Mapping[str, object]]]:
    return ((facts.moment, facts.by_name) for facts in samples(organisation, severity, at))


def _files(folder: Path | None, unread: list[BrokenTemplate]) -> Iterator[Path]:
    if folder is None:
        return
    try:
        found = sorted([*folder.glob("*.j2"), *folder.glob("email/*.j2")])
        # That is a document, not for audiences.
        yield from (path for path in found if path != folder / f"{POSTMORTEM}.j2")
    except OSError as error:
        unread.append(BrokenTemplate(str(folder), None, f"can't be read: {error.strerror}"))
    if not folder.is_dir():
        unread.append(BrokenTemplate(str(folder), None, "there is no such folder"))
