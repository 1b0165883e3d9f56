"""Extracts the words of a Markdown document, without markup."""

import re

from markdown_it.tree import SyntaxTreeNode

# Real HTML tags. Anything else in angle brackets is a placeholder, such as <host>.
_TAGS = frozenset(
    [
        "a",
        "abbr",
        "b",
        "big",
        "br",
        "code",
        "center",
        "del",
        "details",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
    ]
)
_TAG = re.compile(r"</?(?P<name>[A-Za-z][A-Za-z0-9-]{0,30})(?:[^>A-Za-z0-9-][^>]*)?>")
_COMMENT = re.compile(r"<!--.*?-->|<[?!][^>]*>", re.DOTALL)


def inline_text(node: SyntaxTreeNode) -> str:
    """The text of a node: code in backticks, links with their address if it adds anything."""
    match node.type:
        case "text":
            return node.content
        case "code_inline":
            return f"`{node.content}`"
        case "softbreak" | "hardbreak":
            return "\n"
        case "image":
            return node.content
        case "html_inline":
            return _of_html(node.content)
        case "link":
            return _of_link(node)
        case _:
            return "".join(inline_text(child) for child in node.children)


def plain(text: str) -> str:
    """On one line, without leading symbols and emoji, and without a trailing colon."""
    words = " ".join(text.split()).rstrip(" :")
    start = next((at for at, sign in enumerate(words) if _begins(sign)), len(words))
    return words[start:]


def one_line(text: str) -> str:
    return " ".join(text.split())


def key_of(name: str) -> str:
    """A runbook key from a name: `Disk full (prod)` becomes `Disk-full-prod`. '' if nothing usable remains."""
    return re.sub(r"[^\w.]+", "-", name).strip("-._")[:80].rstrip("-._")


def _begins(sign: str) -> bool:
    return sign.isalnum() or sign in "#<$`/\"'“([{.@+-*_~&"


def _of_html(text: str) -> str:
    if _COMMENT.fullmatch(text):
        return ""
    tag = _TAG.fullmatch(text)
    if tag is None or tag["name"].lower() not in _TAGS:
        return text
    return "\n" if tag["name"].lower() == "br" else ""


def _of_link(node: SyntaxTreeNode) -> str:
    said = "".join(inline_text(child) for child in node.children)
    address = str(node.attrs.get("href", ""))
    if not said.strip():
        return address
    bare = address.removeprefix("mailto:").removeprefix("tel:")
    if address.startswith("#") or not address or said.strip("`") in (address, bare):
        return said
    return f"{said} ({bare})"
