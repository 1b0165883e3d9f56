"""How to find a person in stored data: their names, accounts and addresses, in every spelling."""

import html
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace

FORMER = re.compile(r"former-[1-9][0-9]*")
# Separators within phone numbers.
BETWEEN_DIGITS = "[ ().-]{0,2}"
# Separators within names, as in those of channels.
BETWEEN_NAMES = r"[\s_.-]+"


def is_former(name: str) -> bool:
    """Whether this is a placeholder for somebody who was forgotten."""
    return FORMER.fullmatch(name) is not None


def is_slack_id(name: str) -> bool:
    return re.fullmatch(r"[UW][A-Z0-9]{2,}", name) is not None


@dataclass(frozen=True)
class Identity:
    """Everything that identifies a person. `also`: further words somebody declared to be theirs, such as a first name.
    `others`: other people's longer names that contain theirs."""

    keys: frozenset[str] = frozenset()
    accounts: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    phones: frozenset[str] = frozenset()
    # URLs of webhooks, and direct-message channels.
    places: frozenset[str] = frozenset()
    also: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    @property
    def words(self) -> list[str]:
        """What identifies them when it is a complete text."""
        return sorted(self.keys | self.accounts | self.names | self.addresses | self.phones | self.places | self.also)

    @property
    def pattern(self) -> str:
        """A PostgreSQL regular expression for what identifies them within text. Their key may be an ordinary word, so
        it counts only as a complete text, or after a colon."""
        return "|".join(self._written())

    @property
    def in_keys(self) -> str:
        """`pattern` for identifiers made by programs, where a key counts as a word."""
        return "|".join([*self._written(), *(_word(key) for key in sorted(self.keys))])

    @property
    def quoted(self) -> str:
        """A regular expression for complete JSON strings; a tier may have the same name as a person."""
        whole = sorted(set().union(*(_as_written(one) for one in self.words)))
        return f'(?<!"tier": )"({"|".join(re.escape(one) for one in whole)})"'

    def is_called_as(self, other: "Identity") -> bool:
        """Whether both have a key or account in common; names, addresses and phones may be shared between people."""
        return bool(self.keys & other.keys or self.accounts & other.accounts)

    def shares_with(self, other: "Identity") -> bool:
        return not set(self.words).isdisjoint(other.words)

    def joined(self, other: "Identity") -> "Identity":
        return Identity(*(getattr(self, one.name) | getattr(other, one.name) for one in fields(self)))

    def without(self, others: Iterable[str]) -> "Identity":
        """Without addresses and numbers that others have as well."""
        shared = frozenset(others)
        return replace(
            self, addresses=self.addresses - shared, phones=self.phones - shared, places=self.places - shared
        )

    def beside(self, names: Iterable[str]) -> "Identity":
        """The identity with those of `names` that contain one of theirs: within these, the other person is meant."""
        own = [re.compile(_word(name), re.IGNORECASE) for name in self.names | self.also]
        longer = {name for name in names if any(one.search(name) and not one.fullmatch(name) for one in own)}
        return replace(self, others=self.others | longer)

    def _written(self) -> Iterator[str]:
        for account in sorted(self.accounts):
            yield rf"<@{account}(\|[^>]*)?>"
            yield _word(account)
        for name in sorted(self.names | self.also):
            yield from sorted({self._unless_another(one) for one in _as_written(name)})
        for address in sorted(self.addresses):
            yield rf"(?<![\w.+-]){re.escape(address)}(?!\w|-|\.\w)"
        for phone in sorted(self.phones):
            yield rf"(?<!\d){BETWEEN_DIGITS.join(re.escape(sign) for sign in phone)}(?!\d)"
        for place in sorted(self.places):
            yield rf"(?<!\w){re.escape(place)}(?!\w)"
        for key in sorted(self.keys):
            yield rf"(?<=:){re.escape(key)}(?=$|:)"

    def _unless_another(self, name: str) -> str:
        """Matches this name except within somebody else's."""
        own = _word(name)
        longer = [one for other in sorted(self.others) for one in sorted(_as_written(other))]
        parts = [(one[: found.start()], one[found.end() :]) for one in longer for found in re.finditer(own, one, re.I)]
        befores = "".join(rf"(?<!{_literal(before)})" for before, after in parts if not after)
        afters = "".join(rf"(?!{_literal(after)}(?!\w))" for _, after in parts if after)
        return f"{befores}{own}{afters}"


def _word(words: str) -> str:
    parted = BETWEEN_NAMES.join(re.escape(one) for one in words.split())
    return rf"(?<!\w){parted}(?!\w)"


def _literal(words: str) -> str:
    """The words as an expression of fixed length, which look-behind requires."""
    return "".join(r"[\s_.-]" if re.fullmatch(r"[\s_.-]", sign) else re.escape(sign) for sign in words)


def _as_written(text: str) -> set[str]:
    """The text's spellings: as is, in HTML, in JSON (with and without ASCII escapes) and in PostgreSQL's bytea."""
    as_bytes = "".join(chr(byte) if byte < 128 else f"\\{byte:03o}" for byte in text.encode())
    in_json = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    return {text, html.escape(text, quote=False), as_bytes, *in_json}
