"""Makes templates of texts for audiences: the document's words while an incident is open, otherwise the shipped
ones."""

import re
from collections.abc import Mapping

from bot.markdown.outline import Code, Section
from bot.markdown.words import one_line

# The shipped template that a text replaces, by words in its heading that say who reads it.
READERS: Mapping[str, re.Pattern[str]] = {
    "stakeholder": re.compile(r"stakeholder|management|executive|board\b", re.IGNORECASE),
    "client": re.compile(r"client|customer|users?\b|external|parents", re.IGNORECASE),
    "public": re.compile(r"public|status ?page", re.IGNORECASE),
    "internal": re.compile(r"internal|\bteam\b|engineering", re.IGNORECASE),
}
RESOLVED = re.compile(r"resol(?:ution|ved)|all clear", re.IGNORECASE)
OPEN, OVER = "open", "resolved"
_OPEN_MOMENTS = '["declared", "update", "severity", "reopened"]'
_NOT_KNOWN = "[to be confirmed]"
_PLACEHOLDER = re.compile(r"P?\[(?P<name>[A-Za-z][^\[\]\n]{0,80})\](?!\()")
# The fact for a placeholder, by the words before it on its line and its own words. The first match wins.
_FACTS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{words})\b", re.IGNORECASE), fact)
    for words, fact in (
        ("next update", "next_update | time"),
        ("post-?mortem", "postmortem_link"),
        ("eta|(?:expected|estimated|target) resolution", "resolve_by | time"),
        ("duration", "lasted | spelt"),
        ("commander|lead", "lead"),
        ("severity", "severity.id"),
        ("(?:incident )?(?:id|reference)", "ref"),
        ("impact", "impact"),
        ("actions?(?: taken)?", "actions"),
        ("started|since|declared", "declared_at | time"),
        ("(?:current )?status", "status"),
        ("description of (?:the )?(?:issue|incident|problem)|description|incident title", "title"),
    )
)


def reader_of(section: Section, around: str) -> str | None:
    """The name of a shipped template; None: the document doesn't say who reads it."""
    for words in (section.title, around):
        found = [name for name, sign in READERS.items() if sign.search(words)]
        if found:
            return found[0]
    return None


def text_in(section: Section) -> str | None:
    """Its only code block, converted to a template whose first line is the subject; None if there isn't exactly one."""
    blocks = [block.text.strip() for block in section.blocks if isinstance(block, Code) and block.text.strip()]
    if len(blocks) != 1:
        return None
    lines = [_line(line) for line in blocks[0].replace("**", "").split("\n")]
    subject = re.sub(r"^subject:\s*", "", lines[0], flags=re.IGNORECASE).strip()
    rest = "\n".join(lines[1:]).strip("\n")
    return f"{subject}\n\n{rest}\n" if subject and rest else None


def template(texts: Mapping[str, str], shipped: str) -> str:
    """The template file. For moments without words in the document, such as the all-clear, it uses the shipped ones."""
    parts = []
    if OPEN in texts:
        parts.append(f"{{% if moment in {_OPEN_MOMENTS} %}}\n{texts[OPEN]}")
    if OVER in texts:
        parts.append(f'{{% {"elif" if parts else "if"} moment == "resolved" %}}\n{texts[OVER]}')
    return "".join(parts) + f"{{% else %}}\n{shipped.rstrip()}\n{{% endif %}}\n"


def _line(line: str) -> str:
    done, at = "", 0
    for found in _PLACEHOLDER.finditer(line):
        before = line[at : found.start()]
        done += _literal(before) + _fact(before.rpartition(".")[2], found)
        at = found.end()
    return (done + _literal(line[at:])).rstrip()


def _fact(before: str, found: re.Match[str]) -> str:
    name = one_line(found["name"])
    label = before.rpartition(":")[0] or before
    for words in (label, name):
        for sign, fact in _FACTS:
            if sign.search(words):
                bare = fact.partition(" | ")[0]
                prefix = "P" if found[0].startswith("P") and fact != "severity.id" else ""
                shown = fact if bare == fact else f"({fact})"
                return f'{prefix}{{{{ {shown} if {bare} else "{_NOT_KNOWN}" }}}}'
    return _NOT_KNOWN


def _literal(text: str) -> str:
    """The text escaped for the template language."""
    return re.sub(r"\{(?=[{%#])", '{{ "{" }}', text)
