"""An organisation's own template for a document: `postmortem.j2` in its templates folder."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from pathlib import Path

from bot.domain.postmortems.document import sample
from bot.given_files import read_given
from bot.words.sandbox import LARGEST_FILE, BrokenTemplate, Sandbox

# Reserved for this document among the templates for audiences.
POSTMORTEM = "postmortem"


class OwnDocument:
    """Read once. A template that can't be read is reported when it is used, and by `mistakes`."""

    def __init__(self, folder: Path | None, zone: tzinfo) -> None:
        """`folder` None: there are no own templates."""
        self._path = folder / f"{POSTMORTEM}.j2" if folder else None
        self._unread: BrokenTemplate | None = None
        self._sandbox = Sandbox(zone, self._sources())

    @property
    def is_there(self) -> bool:
        return self._unread is not None or (self._path is not None and self._path.is_file())

    def words(self, facts: Mapping[str, object], *, strict: bool = False) -> str:
        """`strict`: an unknown fact is an error instead of a gap. Raises BrokenTemplate."""
        if self._unread:
            raise self._unread
        return self._sandbox.render(str(self._path), facts, strict=strict)

    def mistakes(self, organisation: str, severity: tuple[str, str], at: datetime) -> list[str]:
        if not self.is_there:
            return []
        try:
            self.words(sample(organisation, severity, at).by_name, strict=True)
        except BrokenTemplate as broken:
            return [str(broken)]
        return []

    def _sources(self) -> dict[str, str]:
        if self._path is None or not self._path.is_file():
            return {}
        try:
            source = read_given(self._path)
            if len(source) > LARGEST_FILE:
                raise BrokenTemplate(str(self._path), None, f"is too large: at most {LARGEST_FILE} bytes")
            return {str(self._path): source.decode("utf-8-sig")}
        except BrokenTemplate as broken:
            self._unread = broken
        except (UnicodeDecodeError, OSError) as error:
            self._unread = BrokenTemplate(str(self._path), None, f"can't be read: {error}")
        return {}
