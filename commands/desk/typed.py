"""Decodes Slack's markup of typed text (mentions, links, escapes) into the words as typed."""

import re
from collections.abc import Mapping

from bot.rendering import unescape_mrkdwn

# `<@U1|ada>`, `<#C1|general>`, `<!here>`, `<mailto:a@b.c|a@b.c>`: sign, target, label.
TOKEN = re.compile(r"<(?:([@#!])([^<>|]+)|([a-z][a-z0-9+.-]*:[^<>|]*))(?:\|([^<>]*))?>")
MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
BROADCASTS = ("here", "channel", "everyone")
# A mention's label may contain spaces.
WORD = re.compile(r"\s*(<[^<>]*>|\S+)\s*(.*)", re.DOTALL)


def as_typed(text: str, names: Mapping[str, str]) -> str:
    """The words behind Slack's `text`: mentions as `@Name`, channels as `#name`, links and signs as typed.

    `names`: of the accounts mentioned. Not idempotent: decoding twice would alter signs that were meant literally.
    """
    parts, end = [], 0
    for token in TOKEN.finditer(text):
        parts += [unescape_mrkdwn(text[end : token.start()]), _shown(token, names)]
        end = token.end()
    return "".join([*parts, unescape_mrkdwn(text[end:])])


def mentioned(text: str) -> list[str]:
    """Accounts mentioned, each once."""
    return list(dict.fromkeys(MENTION.findall(text)))


def is_mention(word: str) -> bool:
    return MENTION.fullmatch(word) is not None


def first_word(text: str) -> tuple[str, str]:
    """The first word (or mention) and the rest; both empty if there is none."""
    found = WORD.fullmatch(text.rstrip())
    return (found[1], found[2]) if found else ("", "")


def _shown(token: re.Match[str], names: Mapping[str, str]) -> str:
    sign, meant, address, label = token.groups()
    label = unescape_mrkdwn(label or "")
    if sign == "@":
        return "@" + (names.get(meant) or label or meant)
    if sign == "#":
        # Slack does not name private channels.
        return f"#{label}" if label else "(a private channel)"
    if sign == "!":
        return f"@{meant}" if meant in BROADCASTS else label or "@" + meant.partition("^")[0]
    return _link(unescape_mrkdwn(address), label)


def _link(address: str, label: str) -> str:
    bare = re.sub(r"^(?:mailto:|tel:|https?://)", "", address)
    if label in ("", address) or bare.rstrip("/") == label.rstrip("/"):
        return label or (bare if address.startswith(("mailto:", "tel:")) else address)
    return f"{label} ({address})"
