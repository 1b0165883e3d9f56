"""An alert gets one card, edited in place, and an incident when a rule or a lack of answer calls for one."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.alerts.received import ReceivedAlert
from bot.domain.errors import AlreadyDone
from tests.stories.alerts.monitoring import CHANNEL, TOKEN, WITH_ALERTS, Monitoring, alert, watched
from tests.stories.asking import told
from tests.world import World, words_of


@pytest.fixture
async def world(new_world: Callable[..., AbstractAsyncContextManager[World]]) -> AsyncIterator[World]:
    async with new_world(runbook=WITH_ALERTS, ALERTS_TOKEN=TOKEN) as world:
        yield world


@pytest.fixture
async def monitoring(world: World) -> AsyncIterator[Monitoring]:
    async with watched(world) as monitoring:
        yield monitoring


async def test_an_alert_becomes_one_card_that_is_edited_in_place(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DiskFull", host="db-1"))
    assert world.posts() == [(CHANNEL, "🟡 *Medium* DiskFull is bad")]
    assert "host* db-1" in monitoring.words
    assert world.ada.labels(monitoring.card) == ["Acknowledge", "Declare incident", "Attach", "Silence", "Show raw"]

    await world.passes(hours=4)
    await monitoring.fires(alert("DiskFull", host="db-1"))
    assert "Seen 2 times" in monitoring.words

    await monitoring.fires(alert("DiskFull", host="db-1", status="resolved"))
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad"
    assert world.ada.labels(monitoring.card) == []
    world.nothing_else_was_sent()


async def test_an_alert_that_fires_again_after_resolving_gets_a_new_card(world: World, monitoring: Monitoring) -> None:
    for status in ("firing", "resolved", "firing"):
        await monitoring.fires(alert("DiskFull", status=status))

    assert [card.text for card in monitoring.cards] == ["✅ *Resolved* DiskFull is bad", "🟡 *Medium* DiskFull is bad"]


async def test_a_storm_of_alerts_in_one_group_is_one_card(world: World, monitoring: Monitoring) -> None:
    storm = [alert("DiskFull", host=f"db-{number:02}") for number in range(40)]
    assert await monitoring.fires(*storm) == 40

    assert world.posts() == [(CHANNEL, "🟡 *Medium* DiskFull is bad and 39 more")]
    assert "and 30 more" in monitoring.words

    await monitoring.fires(*[one | {"status": "resolved"} for one in storm[:-1]])
    assert monitoring.card.text == "🟡 *Medium* DiskFull is bad"
    await monitoring.fires(storm[-1] | {"status": "resolved"})
    assert monitoring.card.text == "✅ *Resolved* DiskFull is bad and 39 more"
    world.nothing_else_was_sent()


async def test_the_card_of_an_alert_links_the_room_of_its_incident_also_when_that_is_late(
    world: World, monitoring: Monitoring
) -> None:
    world.workspace.faults.drop("conversations.create", after=False, times=2)
    await monitoring.fires(alert("DatabaseDown"))
    assert "Show raw" in world.ada.labels(monitoring.card) and "<#C" not in monitoring.words
    await world.passes(seconds=20)
    await world.passes(seconds=20)
    assert f"<#{world.room()}>" in monitoring.words


async def test_a_rule_declares_an_incident_and_its_first_tier_is_paged(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DatabaseDown", severity="critical"))

    assert [page.text for page in world.pages_of("ada")] == ["🔔 *P1* DatabaseDown is bad (INC-1)"]
    assert "INC-1" in monitoring.words
    assert world.ada.labels(monitoring.card) == ["Acknowledge", "Silence", "Runbook", "Show raw"]
    timeline = await world.house.incidents.timeline(1)
    assert [(one.kind, one.actor) for one in timeline[:2]] == [("declared", "tocsin"), ("system", "tocsin")]


async def test_repeats_of_an_alert_do_not_declare_a_second_incident(world: World, monitoring: Monitoring) -> None:
    for _ in range(3):
        await monitoring.fires(alert("DatabaseDown", severity="critical"))

    assert len(await world.house.incidents.newest(open_only=False)) == 1
    assert len(world.pages_of("ada")) == 1


async def test_a_resolved_alert_is_posted_in_the_room_but_does_not_resolve_the_incident(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.fires(alert("DatabaseDown", severity="critical"))
    await monitoring.fires(alert("DatabaseDown", severity="critical", status="resolved"))

    assert (await world.house.incidents.find("INC-1")).is_open
    assert any(words.startswith("✅ *Alert resolved:* DatabaseDown") for words in world.said_in(world.room()))
    entries = [one.text for one in await world.house.incidents.timeline(1) if one.kind == "system"]
    assert entries[-1] == "Alert resolved: DatabaseDown is bad (Alertmanager)"


async def test_an_alert_that_fires_again_joins_its_open_incident(world: World, monitoring: Monitoring) -> None:
    for status in ("firing", "resolved", "firing"):
        await monitoring.fires(alert("DatabaseDown", severity="critical", status=status))

    assert len(await world.house.incidents.newest(open_only=False)) == 1
    assert "INC-1" in words_of(monitoring.cards[1])
    assert sum(words.startswith("🔗 *Alert firing again*") for words in world.said_in(world.room())) == 1

    await world.house.incidents.resolve(world.house.people.actor("U0ADA"), 1)
    for status in ("resolved", "firing"):
        await monitoring.fires(alert("DatabaseDown", severity="critical", status=status))
    assert len(await world.house.incidents.newest(open_only=False)) == 2


async def test_the_second_person_to_acknowledge_learns_who_was_first(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DiskFull"))
    await world.ada.presses("Acknowledge", monitoring.card)
    await world.settled()
    assert "👀 Acknowledged by <@U0ADA>" in monitoring.words
    assert "Acknowledge" not in world.ben.labels(monitoring.card)

    with pytest.raises(AlreadyDone, match="already acknowledged by Ada Obi"):
        await world.house.alert_responses.acknowledge(world.house.people.actor("U0BEN"), 1)


async def test_an_unacknowledged_critical_alert_pages_after_five_minutes(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("SiteDown", severity="critical"))
    assert "unless somebody acknowledges" in monitoring.words

    await world.passes(minutes=4, seconds=59)
    assert world.pages_of("ada") == []

    await world.passes(seconds=1)
    assert [page.text for page in world.pages_of("ada")] == ["🔔 *P2* SiteDown is bad (INC-1)"]
    await world.passes(minutes=5)
    assert len(world.pages_of("ada")) == 1


async def test_an_acknowledged_critical_alert_pages_nobody(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("SiteDown", severity="critical"))
    await world.passes(minutes=4, seconds=59)
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    await world.passes(hours=1)

    assert world.posts() == [(CHANNEL, "🔴 *Critical* SiteDown is bad")]
    world.nothing_else_was_sent()


async def test_an_acknowledgement_does_not_cover_alerts_that_join_the_group_later(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.fires(alert("SiteDown", severity="critical", host="web-1"), group="sites")
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    await world.passes(hours=1)
    await monitoring.fires(alert("SiteDown", severity="critical", host="web-2"), group="sites")
    assert "Acknowledge" in world.ben.labels(monitoring.card)

    await world.passes(minutes=4, seconds=59)
    assert world.pages_of("ada") == []
    await world.passes(seconds=1)
    assert len(world.pages_of("ada")) == 1


async def test_an_alert_that_becomes_more_severe_must_be_acknowledged_again(
    world: World, monitoring: Monitoring
) -> None:
    one = {"title": "Queue grows", "status": "firing", "fingerprint": "queue"}
    await monitoring.tells("generic", one | {"severity": "warning"})
    await world.ben.presses("Acknowledge", monitoring.card)
    await world.settled()
    for severity in ("info", "warning", "critical"):
        await world.passes(minutes=10)
        await monitoring.tells("generic", one | {"severity": severity})
    assert world.pages_of("ada") == []

    await world.passes(minutes=5)
    assert len(world.pages_of("ada")) == 1


async def test_acknowledging_the_alert_stops_paging_for_its_incident(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DatabaseDown", severity="critical"))
    await world.ada.presses("Acknowledge", monitoring.card)
    await world.settled()
    await world.passes(hours=2)

    assert (await world.house.incidents.find("INC-1")).acknowledged_by == "ada"
    assert world.pages_of("ben") == []


async def test_a_person_declares_an_incident_from_the_card(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DiskFull", host="db-1"))
    await world.eve.presses("Declare incident", monitoring.card)
    await world.settled()

    incident = await world.house.incidents.find("INC-1")
    assert (incident.title, incident.severity, incident.declared_by) == ("DiskFull is bad", "P2", "U0EVE")
    assert "Declare incident" not in world.eve.labels(monitoring.card)
    assert "*INC-1* P2 investigating" in monitoring.words

    await world.house.incidents.resolve(world.house.people.actor("U0EVE"), 1)
    await world.settled()
    assert "*INC-1* P2 resolved" in monitoring.words
    assert "Declare incident" in world.eve.labels(monitoring.card)


async def test_a_person_attaches_the_alert_to_an_open_incident(world: World, monitoring: Monitoring) -> None:
    for words in ("declare P3 Slow pages", "drill P3 Only a rehearsal", "private P3 Nobody should know"):
        await world.eve.types(f"/incident {words}")
        await world.settled()
    await monitoring.fires(alert("SiteDown", severity="critical"))

    await world.ben.presses("Attach", monitoring.card)
    await world.settled()
    [options] = [block["element"]["options"] for block in world.ben.modal().blocks if block["type"] == "input"]
    assert [option["text"]["text"] for option in options] == ["INC-1 P3 Slow pages"]
    await world.ben.submits()
    await world.settled()

    assert "INC-1" in monitoring.words
    await world.passes(minutes=10)
    assert len(await world.house.incidents.newest(open_only=False)) == 3


async def test_an_alert_cannot_be_attached_when_no_incident_is_open(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DiskFull"))
    answer = await world.ben.presses("Attach", monitoring.card)
    await world.settled()

    assert "No open incident" in answer.text


async def test_a_silenced_alert_is_counted_but_notifies_and_pages_nobody(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("SiteDown", severity="critical"))
    await world.ben.presses("Silence", monitoring.card)
    await world.settled()
    await world.ben.submits()
    await world.settled()
    assert "Silenced by Ben Moss" in monitoring.words

    await monitoring.fires(alert("SiteDown", severity="critical", status="resolved"))
    await world.passes(minutes=59, seconds=59)
    await monitoring.fires(alert("SiteDown", severity="critical"))
    assert len(monitoring.cards) == 1
    assert world.pages_of("ada") == []

    await world.passes(seconds=1)
    assert [card.text for card in monitoring.cards] == [
        "✅ *Resolved* SiteDown is bad",
        "🔴 *Critical* SiteDown is bad",
    ]


async def test_a_silence_needs_a_duration(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DiskFull"))
    await world.ben.presses("Silence", monitoring.card)
    await world.settled()
    answer = await world.ben.submits(values={"For how long?": "31d"})
    assert "at most 30d" in answer.errors["duration"]
    answer = await world.ben.submits(values={"For how long?": "a while"})

    assert "is not a duration" in answer.errors["duration"]


async def test_the_runbook_button_shows_the_rules_procedure(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("DatabaseDown"))
    answer = await world.ada.presses("Runbook", monitoring.card)
    await world.settled()

    [shown] = answer.messages
    assert "Check the database answers" in words_of(shown)


async def test_the_runbook_button_is_a_link_when_the_alert_brings_one(world: World, monitoring: Monitoring) -> None:
    one = alert("DiskFull")
    one["annotations"]["runbook_url"] = "https://runbooks.example.com/disk"
    await monitoring.fires(one)

    [button] = [b for block in monitoring.card.blocks or [] for b in block.get("elements", []) if b.get("url")]
    assert button["url"] == "https://runbooks.example.com/disk"
    answer = await world.ada.presses("Runbook", monitoring.card)
    await world.settled()
    assert (answer.error, answer.messages) == (None, [])


async def test_fewer_alerts_than_the_rules_threshold_notify_nobody(world: World, monitoring: Monitoring) -> None:
    for number in range(4):
        await monitoring.tells("generic", login(f"10.0.0.{number}"))
    assert monitoring.cards == []

    await monitoring.tells("generic", login("10.0.0.4"))
    assert monitoring.card.text == "🟠 *High* Failed login and 4 more"


async def test_alerts_older_than_the_rules_window_do_not_count(world: World, monitoring: Monitoring) -> None:
    await monitoring.tells("generic", login("10.0.0.1"))
    await world.passes(hours=1)
    for _ in range(4):
        await monitoring.tells("generic", login("10.0.0.1"))
    assert monitoring.cards == []


async def test_a_counted_alert_resolves_when_the_rules_window_has_passed(world: World, monitoring: Monitoring) -> None:
    for _ in range(5):
        await monitoring.tells("generic", login("10.0.0.1"))
    await world.passes(minutes=59, seconds=59)
    assert monitoring.card.text == "🟠 *High* Failed login"

    await world.passes(seconds=1)
    assert monitoring.card.text == "✅ *Resolved* Failed login"
    for _ in range(5):
        await monitoring.tells("generic", login("10.0.0.1"))
    assert len(monitoring.cards) == 2


async def test_a_job_whose_heartbeat_stops_is_an_alert_until_the_next_heartbeat(
    world: World, monitoring: Monitoring
) -> None:
    assert (await monitoring.beats("nightly-job")).status == 202
    await world.passes(hours=24, minutes=29, seconds=59)
    assert monitoring.cards == []

    await world.passes(seconds=1)
    assert monitoring.card.text == "🟠 *High* No heartbeat from nightly-job"
    assert "Expected every" in monitoring.words
    await world.passes(days=3)

    await monitoring.beats("nightly-job")
    assert monitoring.card.text == "✅ *Resolved* No heartbeat from nightly-job"
    assert "Expected every" not in monitoring.words, "what was true until then"
    assert world.posts() == [(CHANNEL, "🟠 *High* No heartbeat from nightly-job")]
    world.nothing_else_was_sent()


async def test_a_job_that_never_sent_a_heartbeat_becomes_an_alert_too(world: World, monitoring: Monitoring) -> None:
    await world.passes(hours=24, minutes=30)
    assert "Never seen" in monitoring.words


async def test_a_restart_of_the_bot_does_not_extend_a_silent_jobs_deadline(
    world: World, monitoring: Monitoring
) -> None:
    await world.passes(hours=12)
    await world.house.heartbeats.watch()
    await world.passes(hours=12, minutes=30)
    assert monitoring.card.text == "🟠 *High* No heartbeat from nightly-job"

    await world.house.heartbeats.watch()
    await world.passes(days=2)
    assert "Seen" not in monitoring.words


async def test_only_people_the_runbook_names_may_silence(
    new_world: Callable[..., AbstractAsyncContextManager[World]],
) -> None:
    allowed = WITH_ALERTS + "permissions: {alert.silence: [ben]}\n"
    async with new_world(runbook=allowed, ALERTS_TOKEN=TOKEN) as world, watched(world) as monitoring:
        await monitoring.fires(alert("DiskFull"))
        answer = await world.ada.presses("Silence", monitoring.card)
        await world.settled()
        assert "The runbook lets only these people do that" in told(answer) and world.ada.modals() == []

        await world.ben.presses("Silence", monitoring.card)
        await world.settled()
        await world.ben.submits(values={"For how long?": "2h"})
        await world.settled()
        assert "Silenced by Ben Moss" in monitoring.words


async def test_an_alert_no_rule_matches_with_an_unknown_severity_is_flagged(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.fires(alert("Strange", severity="purple"))

    assert monitoring.card.text == "🟡 *Medium* Strange is bad"
    assert "No rule matches this alert and its severity is unknown (purple)" in monitoring.words


async def test_an_alerts_text_can_neither_mention_anybody_nor_forge_a_link(
    world: World, monitoring: Monitoring
) -> None:
    evil = "@here <!channel> <@U0ADA> <https://evil.example.com|click> &amp;"
    await monitoring.tells(
        "generic",
        {
            "title": evil,
            "status": "firing",
            "description": evil,
            "severity": evil,
            "url": "https://good.example.com/|<!here>",
            "runbook_url": "javascript:alert(1)",
            "labels": {evil: evil},
        },
    )
    await world.eve.presses("Declare incident", monitoring.card)
    await world.settled()

    assert "&lt;!channel&gt;" in monitoring.words
    assert "good.example.com" not in monitoring.words
    assert world.workspace.audit() == []
    assert [str(one) for one in world.workspace.complaints] == []


def login(address: str) -> dict[str, object]:
    return {"title": "Failed login", "status": "firing", "labels": {"event": "failed_login", "ip": address}}


async def test_an_alert_without_news_for_a_day_is_marked_stale_and_stays_open(
    world: World, monitoring: Monitoring
) -> None:
    await monitoring.fires(alert("Disk"))
    await world.passes(hours=23, minutes=59)
    assert "No news of it" not in monitoring.words
    await world.passes(minutes=2)
    assert "No news of it" in monitoring.words
    await monitoring.fires(alert("Disk"))
    assert "No news of it" not in monitoring.words


async def test_a_test_alert_is_shown_and_pages_nobody(world: World, monitoring: Monitoring) -> None:
    received = ReceivedAlert("Only trying", True, "test", severity="critical", is_test=True)
    await world.house.alerts.receive("generic", [received])
    await world.passes(minutes=6)
    assert "Only trying" in monitoring.words and not world.pages_of("ada")


async def test_the_thread_under_a_card_says_what_happened_to_it(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("Disk", host="a"), group="disks")
    card = monitoring.card
    assert monitoring.thread(card) == []
    await world.passes(minutes=1)
    await monitoring.fires(alert("Disk", host="a"), alert("Disk", host="b"), group="disks")
    await monitoring.fires(alert("Disk", host="a", status="resolved"), alert("Disk", host="b"), group="disks")
    await world.passes(seconds=11)
    (first,) = monitoring.thread(card)
    assert "Firing" in first and "Resolved" in first and "for 1 min" in first, first

    await world.ben.presses("Acknowledge", card)
    await world.settled()
    await monitoring.fires(alert("Disk", host="b", status="resolved"), group="disks")
    await world.passes(seconds=11)
    assert "Ben Moss" in monitoring.thread(card)[1] and "Resolved" in monitoring.thread(card)[1]


async def test_repeats_of_an_alert_add_nothing_to_the_thread(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("Disk"))
    for _ in range(3):
        await world.passes(minutes=10)
        await monitoring.fires(alert("Disk"))
    assert monitoring.thread(monitoring.card) == []
    lines = [line.split("<!date", 1)[0].split(" · ")[0].strip() for line in monitoring.words.splitlines()]
    assert lines[1:4] == ["Still firing after 30 min, since", "Seen 4 times, last", "From Alertmanager"]


async def test_a_card_says_when_the_alert_began_even_when_the_bot_heard_later(
    world: World, monitoring: Monitoring
) -> None:
    began = world.clock.now().replace(microsecond=0) - timedelta(hours=1)
    late, lost = alert("Disk") | {"startsAt": began.isoformat()}, alert("Cpu") | {"startsAt": "0002-01-01T00:00:00Z"}
    await monitoring.fires(late)
    assert f"since <!date^{began.timestamp():.0f}^" in monitoring.words
    await monitoring.fires(lost)
    assert "since <!date^-" not in words_of(monitoring.cards[1]), "nobody's clock is trusted that far"
    await monitoring.fires(late | {"status": "resolved"})
    assert "after 1 h (" in words_of(monitoring.cards[0])


async def test_the_card_of_an_unreadable_body_says_when_it_was_received_and_not_that_anything_fires(
    world: World, monitoring: Monitoring
) -> None:
    for _ in range(2):
        assert (await monitoring.sends("uptimerobot", b'{"monitorID2": "x"}')).status == 422
        await world.passes(seconds=30)
    card = monitoring.card
    assert "iring" not in words_of(card) and "Received 2 times" in words_of(card)
    assert "monitorFriendlyName" in words_of(card), "a field as its sender writes it"
    await world.passes(hours=25)
    assert "iring" not in words_of(card) and "acknowledge and press Close" in words_of(card)
    assert "iring" not in "".join(monitoring.thread(card))


async def test_show_raw_shows_what_was_received(world: World, monitoring: Monitoring) -> None:
    await monitoring.fires(alert("Disk", note="<!channel> ```"))
    await world.ben.presses("Show raw", monitoring.card)
    await world.settled()
    shown = str(world.ben.modal().blocks)
    assert "generatorURL" in shown and "&lt;!channel&gt;" in shown


async def test_an_alert_that_keeps_firing_and_resolving_is_called_flapping(
    world: World, monitoring: Monitoring
) -> None:
    for _ in range(3):
        await monitoring.fires(alert("Disk"))
        await monitoring.fires(alert("Disk", status="resolved"))
        await world.passes(minutes=5)
    assert [("3 times within an hour" in words_of(card)) for card in monitoring.cards] == [False, False, True]


PICTURE = "https://grafana.example.com/panel.png"
PICTURED = ReceivedAlert("Memory", True, "m", severity="warning", image=PICTURE)


async def test_a_card_shows_the_sources_picture_while_the_alert_fires(world: World, monitoring: Monitoring) -> None:
    await world.house.alerts.receive("grafana", [PICTURED])
    await world.settled()
    assert PICTURE in str(monitoring.card.blocks)
    await world.house.alerts.receive("grafana", [replace(PICTURED, firing=False)])
    await world.settled()
    assert PICTURE not in str(monitoring.card.blocks)


async def test_a_card_keeps_its_words_and_buttons_when_slack_cannot_load_the_picture(
    world: World, monitoring: Monitoring
) -> None:
    pictured = lambda arguments: "image_url" in str(arguments.get("blocks"))  # noqa: E731
    world.workspace.faults.refuse("chat.postMessage", "invalid_blocks", times=None, when=pictured)
    await world.house.alerts.receive("grafana", [PICTURED])
    await world.settled()
    assert "Memory" in monitoring.words and "Acknowledge" in world.ada.labels(monitoring.card)


async def test_a_message_whose_blocks_slack_refuses_is_posted_as_plain_text(
    world: World, monitoring: Monitoring
) -> None:
    shaped = lambda arguments: bool(arguments.get("blocks")) and arguments["blocks"] != "[]"  # noqa: E731
    world.workspace.faults.refuse("chat.postMessage", "invalid_blocks", times=None, when=shaped)
    await monitoring.fires(alert("Disk"))
    assert "Disk is bad" in monitoring.card.text and "Firing since" in monitoring.card.text


async def test_edits_of_many_cards_that_only_keep_firing_are_spread_over_a_minute(
    world: World, monitoring: Monitoring
) -> None:
    things = [ReceivedAlert(f"Thing {number}", True, f"t{number}", severity="low") for number in range(60)]
    await world.house.alerts.receive("generic", things)
    await world.passes(seconds=1)
    world.sent_since()
    await world.house.alerts.receive("generic", things)
    await world.settled()
    edits = [sent for sent in world.sent_since() if sent.method == "chat.update"]
    assert len(edits) == 3
    await world.passes(seconds=3)
    assert len([sent for sent in world.sent_since() if sent.method == "chat.update"]) == 0
    await world.passes(seconds=57)
    assert all("Seen 2 times" in words_of(card) for card in monitoring.cards)


async def test_rate_limited_cards_are_retried_a_few_a_second_and_not_all_at_once(
    world: World, monitoring: Monitoring
) -> None:
    async def asked() -> int:
        async with world.house.db.statement() as conn:
            row = await (await conn.execute("SELECT sum(fence) AS times FROM outbox WHERE kind = 'card'")).fetchone()
        return int(row["times"])

    world.workspace.faults.limit("chat.postMessage", retry_after=1, times=None)
    things = [ReceivedAlert(f"Thing {number}", True, f"t{number}", severity="low") for number in range(60)]
    await world.house.alerts.receive("generic", things)
    await world.settled()
    for _ in range(2):
        await world.passes(seconds=1.1)
    begun = await asked()
    for _ in range(10):
        await world.passes(seconds=1.1)
    assert await asked() - begun < 3 * len(things)
    world.workspace.faults.clear()
    await world.passes(seconds=20)
    assert len(monitoring.cards) == len(things)
