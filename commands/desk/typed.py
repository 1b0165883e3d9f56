"""Slack's writing of what a person typed (mentions, links, escaped signs), and the words as they were typed."""

import re
from collections.abc import Mapping

from bot.rendering import unescape_mrkdwn

# `<@U1|ada>`, `<#C1|general>`, `<!here>`, `<mailto:a@b.c|a@b.c>`: a sign, what is meant, and how it was shown.
TOKEN = re.compile(r"<(?:([@#!])([^<>|]+)|([a-z][a-z0-9+.-]*:[^<>|]*))(?:\|([^<>]*))?>")
MENTION = re.compile(r"<@([UW][A-Z0-9]+)(?:\|[^<>]*)?>")
BROADCASTS = ("here", "channel", "everyone")
# The label of a mention may hold blanks.
WORD = re.compile(r"\s*(<[^<>]*>|\S+)\s*(.*)", re.DOTALL)


def as_typed(text: str, names: Mapping[str, str]) -> str:
    """The words that Slack wrote as `text`: mentions as `@Name`, channels as `#name`, links and signs as typed.

    `names` are those of the accounts mentioned. To be done once: a second time would change signs that were meant.
    """
    parts, end = [], 0
    for token in TOKEN.finditer(text):
        parts += [unescape_mrkdwn(text[end : token.start()]), _shown(token, names)]
        end = token.end()
    return "".join([*parts, unescape_mrkdwn(text[end:])])


def mentioned(text: str) -> list[str]:
    """The accounts mentioned, each once."""
    return list(dict.fromkeys(MENTION.findall(text)))


def is_mention(word: str) -> bool:
    return MENTION.fullmatch(word) is not None


def first_word(text: str) -> tuple[str, str]:
    """The first word, a mention being one, and what follows it; both empty when there is none."""
    found = WORD.fullmatch(text.rstrip())
    return (found[1], found[2]) if found else ("", "")


def _shown(token: re.Match[str], names: Mapping[str, str]) -> str:
    sign, meant, address, label = token.groups()
    label = unescape_mrkdwn(label or "")
    if sign == "@":
        return "@" + (names.get(meant) or label or meant)
    if sign == "#":
        # Slack does not name a private channel.
        return f"#{label}" if label else "(a private channel)"
    if sign == "!":
        return f"@{meant}" if meant in BROADCASTS else label or "@" + meant.partition("^")[0]
    return _link(unescape_mrkdwn(address), label)


def _link(address: str, label: str) -> str:
    bare = re.sub(r"^(?:mailto:|tel:|https?://)", "", address)
    if label in ("", address) or bare.rstrip("/") == label.rstrip("/"):
        return label or (bare if address.startswith(("mailto:", "tel:")) else address)
    return f"{label} ({address})"
