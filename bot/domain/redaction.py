"""Redacts personal data and secrets in what applications report, before any of it is stored.

Recognises mail addresses, public IP addresses, phone numbers with country code, card numbers, passwords, cookies,
tokens and keys, by their form or by the name they are stored under. Anything else stays, such as a person's name within
a sentence, which cannot be told from other words.

Every pattern is linear in the text's length: each starts only where a run of its characters starts, and never
backtracks.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import accumulate

REMOVED, EMAIL, ADDRESS, CARD, PHONE = "[removed]", "[email]", "[ip]", "[card]", "[phone]"

# Maximum nesting; deeper objects are removed.
DEEPEST = 20

# Anywhere in a name, in any spelling: `X-Api-Key`, `apiKey`, `user_password`.
PRIVATE_PARTS = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "credential",
    "authorization", "cookie", "session", "csrf", "xsrf", "cardnumber", "creditcard", "debitcard", "cvv", "cvc", "iban",
    "email", "phone", "mobile", "ipaddr", "remoteaddr", "forwardedfor", "realip", "clientip", "firstname", "lastname",
    "fullname", "surname", "birth", "passport", "dsn",
)  # fmt: skip
# As a complete name.
PRIVATE_NAMES = frozenset({
    "auth", "user", "currentuser", "username", "login", "customer", "ip", "ssn", "dob", "pan", "pin", "otp", "jwt",
    "sid",
})  # fmt: skip

# Private addresses stay: which machine refused a connection is what the report is about.
OWN_NETWORKS = tuple(
    ip_network(one)
    for one in ("0.0.0.0/32", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                "::/128", "::1/128", "fc00::/7", "fe80::/10")
)  # fmt: skip

# Numbers below this are nobody's phone or card.
FEWEST_DIGITS = 10**7
# DOUBLED: each digit doubled, then its digits added (Luhn). CARDS: first digits by length, which excludes timestamps in
# milliseconds.
DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
CARDS: Mapping[int, str] = {14: "3", 15: "3", 16: "23456", 19: "46"}


def redacted(text: str) -> str:
    """The text with private parts replaced by a mark."""
    # The shortcut below is for ASCII only: beyond it, other characters may match the same letters or digits.
    lower = text.lower() if text.isascii() else None
    for signs, pattern, replacement in _PATTERNS:
        if lower is None or any(sign in lower for sign in signs):
            text = pattern.sub(replacement, text)
    return text


def redacted_values(value: object, depth: int = 0) -> object:
    """JSON values with private parts removed: recognised by form, or by name."""
    if isinstance(value, str):
        return redacted(value)
    if depth == DEEPEST and isinstance(value, Mapping | list):
        return REMOVED
    if isinstance(value, Mapping):
        return _redacted_mapping(value, depth)
    if isinstance(value, list):
        # Some write headers as [name, value].
        if len(value) == 2 and is_private(value[0]):
            return [value[0], REMOVED]
        return [redacted_values(one, depth + 1) for one in value]
    # Card and phone numbers may come as JSON numbers.
    return value if _is_small(value) or redacted(str(value)) == str(value) else REMOVED


def _is_small(value: object) -> bool:
    """None, booleans, and numbers too small to identify anybody."""
    return value is None or (isinstance(value, int) and -FEWEST_DIGITS < value < FEWEST_DIGITS)


def _redacted_mapping(values: Mapping[str, object], depth: int) -> dict[str, object]:
    hidden = is_private(values.get("name") or values.get("key"))
    found: dict[str, object] = {}
    for name, value in values.items():
        private = is_private(name) or (hidden and name == "value")
        found[redacted(name)] = REMOVED if private and value is not None else redacted_values(value, depth + 1)
    return found


def is_private(name: object) -> bool:
    """Whether values under this name are private."""
    if not isinstance(name, str) or len(name) > 100:
        return False
    plain = re.sub(r"[^a-z]", "", name.lower())
    return plain in PRIVATE_NAMES or any(part in plain for part in PRIVATE_PARTS)


def _address(found: re.Match[str]) -> str:
    try:
        address: IPv4Address | IPv6Address = ip_address(found[0])
    except ValueError:
        return found[0]
    return found[0] if any(address in network for network in OWN_NETWORKS) else ADDRESS


def _card(found: re.Match[str]) -> str:
    """Find a card number by its Luhn check digit (ISO/IEC 7812), even within more digits."""
    digits = [int(sign) for sign in found[0] if sign.isdecimal()]
    # Prefix sums of Luhn digits, doubling every other one, from the second or the first.
    sums = tuple(
        list(
            accumulate(
                (DOUBLED[digit] if place % 2 == first else digit for place, digit in enumerate(digits)), initial=0
            )
        )
        for first in (1, 0)
    )
    for length, first in CARDS.items():
        for end in range(length, len(digits) + 1):
            start, counted = end - length, sums[(end - 1) % 2]
            if str(digits[start]) in first and (counted[end] - counted[start]) % 10 == 0:
                return CARD
    return found[0]


def _token(found: re.Match[str]) -> str:
    """A long mix of letters and digits, as in no word: `4f3a…`, `dGhpcyBp…`."""
    text = found[0]
    is_hex = not re.search(r"[^0-9a-fA-F]", text)
    mixed = re.search(r"[a-z]", text) and re.search(r"[A-Z]", text) and len(re.findall(r"[0-9]", text)) > 1
    return REMOVED if (is_hex and re.search(r"[0-9]", text)) or mixed else text


_NAMED = (
    r"(?:passw(?:or)?d|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|session[_-]?id|csrf|xsrf"
    r"|(?<![a-z])(?:pwd|sid|otp|pin|cvv|cvc|jwt))"
)
_NAMES = (
    "passw", "passphrase", "secret", "token", "api", "access", "private", "session", "csrf", "xsrf", "pwd", "sid",
    "otp", "pin", "cvv", "cvc", "jwt",
)  # fmt: skip
_PREFIXES = (
    "k_live_", "k_test_", "whsec_", "gho_", "ghp_", "ghr_", "ghs_", "ghu_", "github_pat_", "glpat-", "npm_", "xox",
    "xapp-", "sk-", "sg.", "akia", "asia", "aiza",
)  # fmt: skip
_DIGITS = tuple("0123456789")
_QUOTE = r"(?:\\{0,4}[\"'])"
_Replacement = str | Callable[[re.Match[str]], str]

# Each with substrings (lower case) of which a text must have one to match: most texts have none, and searching for
# these costs a hundredth of the pattern.
_PATTERNS: tuple[tuple[Sequence[str], re.Pattern[str], _Replacement], ...] = (
    (
        ["-----begin"],
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}-----|\Z)", re.DOTALL),
        REMOVED,
    ),
    # As in a database URL.
    (["://"], re.compile(r"(?<=://)[^\s/?#@\"']++@"), f"{REMOVED}@"),
    (
        ["authorization", "cookie", "x-api-key"],
        re.compile(
            rf"\b((?:proxy-)?authorization|(?:set-)?cookie|x-api-key)\b({_QUOTE}?\s{{0,5}}[:=]\s{{0,5}})[^\r\n}}]++",
            re.IGNORECASE,
        ),
        rf"\1\2{REMOVED}",
    ),
    (
        _NAMES,
        re.compile(
            rf"({_NAMED})([a-z_-]{{0,30}}{_QUOTE}?\s{{0,5}}[:=]\s{{0,5}})"
            rf"(?:{_QUOTE}[^\r\n\"'\\]++|[^\s\"'&;,}}\]]++)",
            re.IGNORECASE,
        ),
        rf"\1\2{REMOVED}",
    ),
    (["bearer", "basic"], re.compile(r"\b(bearer|basic)\s{1,5}[\w.~+/=-]{8,}+", re.IGNORECASE), rf"\1 {REMOVED}"),
    (["eyj"], re.compile(r"(?<![\w-])eyJ[\w-]{5,}+(?:\.[\w-]++){1,4}+"), REMOVED),
    (
        _PREFIXES,
        re.compile(
            r"(?<![a-zA-Z0-9])(?:[spr]k_(?:live|test)_|whsec_|gh[oprsu]_|github_pat_|glpat-|npm_|xox[a-z]-|xapp-|sk-|SG\.|"
            r"AKIA|ASIA|AIza)[\w.-]{12,}+"
        ),
        REMOVED,
    ),
    (["@"], re.compile(r"(?<![\w.%+-])[\w.%+-]++(?<!%40)@(?:[\w-]++\.)++[^\W\d_]{2,}+"), EMAIL),
    (["%40"], re.compile(r"(?<![\w.%+-])(?:[\w.+-]|%(?!40))++%40(?:[\w-]++\.)++[^\W\d_]{2,}+"), EMAIL),
    (["+"], re.compile(r"(?<![\w.+])\+\d(?:[ ()-]{0,2}\d){7,14}(?!\d)"), PHONE),
    (_DIGITS, re.compile(r"(?<![\da-fA-F.])\d(?:[ -]?\d){13,27}(?![\da-fA-F])"), _card),
    (_DIGITS, re.compile(r"(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w.]?\d)"), _address),
    ([":"], re.compile(r"(?<![\w:.])(?=[0-9a-fA-F]{0,4}:)[0-9a-fA-F:]{3,39}(?![\w:])"), _address),
    (_DIGITS, re.compile(r"(?<![\w-])[\w-]{32,}+"), _token),
)  # fmt: skip
