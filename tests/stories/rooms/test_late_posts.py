"""A post that reaches Slack long after it was written says as of when it was true."""

from tests.stories.asking import ask
from tests.world import World, words_of


async def test_a_post_that_slack_accepted_late_says_as_of_when_it_was_true(world: World) -> None:
    alerts = next(one for one in world.workspace.conversations if one.name == "infrastructure-alerts")
    await ask(world, "eve", "/health silence alertmanager 30m deploy")
    world.workspace.faults.break_down("chat.postMessage", times=None, when=lambda sent: sent["channel"] == alerts.id)
    await world.passes(minutes=30)
    world.workspace.faults.heal("chat.postMessage")
    await world.passes(minutes=2)
    [said] = [words_of(one) for one in alerts.messages if "posted late" in words_of(one)]
    assert said.startswith("⏱ As of <!date") and "alertmanager" in said
