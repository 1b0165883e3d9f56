"""Tells the readers of a page at statuspage.io."""

from bot.publishers import OutletFacts, Publisher, PublisherParts

OUTLET = OutletFacts(
    "statuspage.io",
    addresses=lambda audience: [audience.statuspage.page] if audience.statuspage else [],
    credentials="STATUSPAGE_TOKEN",
    is_set_up=lambda settings: False,
    is_public=True,
)


def publisher(parts: PublisherParts) -> Publisher | None:
    return None
