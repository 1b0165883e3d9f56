"""Personal data and secrets in what an application reports of itself: taken out before anything of it is kept.

What is recognised: addresses of mail and of the public Internet, telephone numbers with their country, card numbers,
passwords, cookies, tokens and keys, by their shape or by the name they stand under. What has neither, such as a name in
the middle of a sentence, stays: nobody can tell it from other words.

Every pattern reads on from where it began, and from each place once, so that the longest text takes one pass: each
begins where its run of characters begins, and gives nothing back.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import accumulate

REMOVED, EMAIL, ADDRESS, CARD, PHONE = "[removed]", "[email]", "[ip]", "[card]", "[phone]"

# Of nested objects; what is deeper is left out.
DEEPEST = 20

# In a name, in whatever spelling: `X-Api-Key`, `apiKey`, `user_password`.
PRIVATE_PARTS = (
    "password", "passwd", "passphrase", "pwd", "secret", "token", "apikey", "accesskey", "privatekey", "credential",
    "authorization", "cookie", "session", "csrf", "xsrf", "cardnumber", "creditcard", "debitcard", "cvv", "cvc", "iban",
    "email", "phone", "mobile", "ipaddr", "remoteaddr", "forwardedfor", "realip", "clientip", "firstname", "lastname",
    "fullname", "surname", "birth", "passport", "dsn",
)  # fmt: skip
# The whole name.
PRIVATE_NAMES = frozenset({
    "auth", "user", "currentuser", "username", "login", "customer", "ip", "ssn", "dob", "pan", "pin", "otp", "jwt",
    "sid",
})  # fmt: skip

# Machines of one's own: which of them refused a connection is what the report is about.
OWN_NETWORKS = tuple(
    ip_network(one)
    for one in ("0.0.0.0/32", "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
                "::/128", "::1/128", "fc00::/7", "fe80::/10")
)  # fmt: skip

# Shorter numbers than this one are nobody's card.
FEWEST_DIGITS = 10**7
# First digit by length: no number of milliseconds looks so.
DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
CARDS: Mapping[int, str] = {14: "3", 15: "3", 16: "23456", 19: "46"}


def redacted(text: str) -> str:
    """The text without what is private in it; a mark stands where something stood."""
    # Other alphabets have signs that count as the same letter, or as digits.
    lower = text.lower() if text.isascii() else None
    for signs, pattern, replacement in _PATTERNS:
        if lower is None or any(sign in lower for sign in signs):
            text = pattern.sub(replacement, text)
    return text


def redacted_values(value: object, depth: int = 0) -> object:
    """What JSON can hold, without what is private: by its shape, and whatever stands under a private name."""
    if isinstance(value, str):
        return redacted(value)
    if depth == DEEPEST and isinstance(value, Mapping | list):
        return REMOVED
    if isinstance(value, Mapping):
        return _redacted_mapping(value, depth)
    if isinstance(value, list):
        # As some write headers: the name, then its value.
        if len(value) == 2 and is_private(value[0]):
            return [value[0], REMOVED]
        return [redacted_values(one, depth + 1) for one in value]
    # A card number or a telephone number may also be sent as a number.
    return value if _is_small(value) or redacted(str(value)) == str(value) else REMOVED


def _is_small(value: object) -> bool:
    """None, true and false, and what has too few digits for a number that anybody is known by."""
    return value is None or (isinstance(value, int) and -FEWEST_DIGITS < value < FEWEST_DIGITS)


def _redacted_mapping(values: Mapping[str, object], depth: int) -> dict[str, object]:
    hidden = is_private(values.get("name") or values.get("key"))
    found: dict[str, object] = {}
    for name, value in values.items():
        private = is_private(name) or (hidden and name == "value")
        found[redacted(name)] = REMOVED if private and value is not None else redacted_values(value, depth + 1)
    return found


def is_private(name: object) -> bool:
    """Does what stands under this name concern nobody?"""
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
    """Also where other digits stand before or behind it. A card's check digit: ISO/IEC 7812, Luhn."""
    digits = [int(sign) for sign in found[0] if sign.isdecimal()]
    # Of all before each place: every other one doubled, and its digits added, beginning with the second or the first.
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
    """Long, and of letters and digits as no word is: `4f3a…`, `dGhpcyBp…`."""
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

# Each with what stands in every text that it finds something in, in small letters: most texts hold none of it, and to
# look for a word costs a hundredth of what the pattern does.
_PATTERNS: tuple[tuple[Sequence[str], re.Pattern[str], _Replacement], ...] = (
    (
        ["-----begin"],
        re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----.*?(?:-----END [A-Z ]{0,30}-----|\Z)", re.DOTALL),
        REMOVED,
    ),
    # In the address of a database, for one.
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
