"""One statement asks the database what is due for all rounds."""

from bot.rehearsal.processes import Processes
from tests.world import World


async def test_asked_together_every_round_gives_the_answer_it_gives_alone(world: World) -> None:
    await world.eve.types("/incident declare P1 Payments failing")
    await world.settled()

    together = {name: due for due, name in await Processes(world.app).due()}
    alone = {name: due for name, one in world.app.rounds.items() if (due := await one.next_due())}

    assert together == alone
    assert {"escalations", "night pages"} <= set(alone)
