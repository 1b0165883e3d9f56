"""What the house does, a room a subject; `Services` is all of it, as the doors are given it.

From the top: `wiring` puts them together; `upkeep` keeps this process well; `backups`, `checks`, `telephone` and
`updates` do not know each other; below them `alerts`, `incidents`, `paging`, `rooms`, and at the bottom `people` and
`outbox`. A room uses those below it, and of them only what their fronts name.
"""

from bot.services.wiring.services import Services

__all__ = ["Services"]
