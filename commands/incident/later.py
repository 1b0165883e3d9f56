"""Verbs that this version cannot do yet: it says so, and what helps meanwhile."""

from commands.desk.book import Deed
from commands.desk.call import Answer, Call
from commands.incident.book import COMMAND

LATER = {
    "checklist": ("checklist [triage|verification|aftercare]", "what must not be forgotten"),
}


def _later(verb: str) -> Deed:
    async def later(call: Call) -> Answer:
        return call.say("incident_later", what=verb)

    return later


for name, (usage, purpose) in LATER.items():
    COMMAND.verb(name, usage=usage, help=f"{purpose} (not yet available)")(_later(name))
