"""Pages by text message: what is sent, what is shown about it, and the replies and reports that come back."""

import aiohttp
import pytest

from bot.doors.switchboard import LARGEST_BODY, MOST_FIELDS
from bot.store import audit
from bot.store.paging import confirmations
from tests.stories.asking import ask
from tests.stories.paging.test_links import follow
from tests.stories.paging.test_paging import declared
from tests.stories.paging.test_reaching import pages
from tests.stories.telephone.telephones import ADA, BEN, PUBLIC, NewWorld, by, heard, replied, reported, telephones
from tests.world import World, words_of


async def states(world: World) -> list[tuple[str, str]]:
    return [(page["person"], page["state"]) for page in await pages(world)]


async def test_a_page_by_text_says_what_is_wrong_and_how_to_acknowledge(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)

        (text,) = company.texts(ADA)
        assert text.body.startswith("P1: Payments failing (INC-1)\n")
        assert "eply ACK" in text.body
        (page,) = await pages(world)
        assert (page["state"], page["reference"]) == ("accepted", text.sid)
        assert "✓ Ada Obi, On-call Engineer: SMS sent" in words_of(world.card())
        assert text.sid not in words_of(world.card())
        answer = await world.eve.types("/escalate status", world.room())
        assert answer.error is None
        await world.settled()
        (status,) = [one for one in world.eve.sees(world.room()) if one.text.startswith("*Paging of INC-1*")]
        assert "On-call Engineer: SMS sent" in words_of(status) and text.sid not in words_of(status)

        await world.passes(minutes=15)
        assert len(world.pages_of("ben")) == 1


async def test_a_text_reported_as_delivered_stays_delivered(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)
        (text,) = company.texts(ADA)
        for status, state in (
            ("sent", "accepted"),
            ("delivered", "delivered"),
            ("sent", "delivered"),
            ("undelivered", "delivered"),
        ):
            await reported(world, company, text, status)
            assert await states(world) == [("ada", state)], status

        assert "✓✓ Ada Obi, On-call Engineer: SMS delivered" in words_of(world.card())
        assert len(company.texts()) == 1


async def test_a_text_reported_as_undelivered_counts_as_refused_and_pages_the_next_tier_at_once(
    new_world: NewWorld,
) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)
        (text,) = company.texts(ADA)
        await reported(world, company, text, "sent")
        assert world.pages_of("ben") == []

        await reported(world, company, text, "undelivered", "30003")
        assert await states(world) == [("ada", "refused"), ("ben", "accepted")]
        assert "✗ Ada Obi, On-call Engineer: SMS refused (it was not delivered (error 30003))" in words_of(world.card())
        (notice,) = [words for words in world.said_in(world.room()) if "Ada Obi was not reached" in words]
        assert ADA in notice

        await reported(world, company, text, "undelivered", "30003")
        assert len(world.pages_of("ben")) == 1, "a report that comes twice changes nothing"


async def test_a_text_reported_as_failed_before_its_response_is_recorded_pages_the_next_tier_at_once(
    new_world: NewWorld,
) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.hold()
        await world.eve.types("/incident declare P1 Payments failing")
        await world.workspace.until(lambda: company.texts(ADA))
        assert await company.reports(company.texts(ADA)[0], "failed") == 204
        company.release()
        await world.settled()

        assert await states(world) == [("ada", "refused"), ("ben", "accepted")]
        assert len(world.pages_of("ben")) == 1


async def test_an_undelivered_text_pages_nobody_if_another_way_was_accepted(
    new_world: NewWorld,
) -> None:
    async with telephones(new_world, by("slack", "sms")) as (world, company):
        await declared(world)
        await reported(world, company, company.texts(ADA)[0], "failed")

        assert await states(world) == [("ada", "accepted"), ("ada", "refused")]
        assert world.pages_of("ben") == []


async def test_an_undelivered_text_after_the_acknowledgement_pages_nobody(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)
        await replied(world, company, ADA, "ack")
        await reported(world, company, company.texts(ADA)[0], "failed")

        assert world.pages_of("ben") == []


async def test_a_number_the_provider_refuses_pages_the_next_tier_at_once(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.refuse(21211, to=ADA)
        await declared(world)

        assert await states(world) == [("ada", "refused"), ("ben", "accepted")]
        assert "refused (Twilio says 400 21211" in words_of(world.card())


async def test_if_every_way_is_refused_the_next_tier_is_paged_and_the_room_gets_the_contact_details(
    new_world: NewWorld,
) -> None:
    async with telephones(new_world, by("slack", "sms", "voice", then="sms")) as (world, company):
        company.refuse(21211, to=ADA)
        world.workspace.faults.refuse(
            "chat.postMessage", "user_not_found", times=None, when=lambda sent: sent.get("channel") == "U0ADA"
        )
        await declared(world)

        assert [state for person, state in await states(world) if person == "ada"] == ["refused"] * 3
        assert [text.to for text in company.texts()] == [BEN]
        (notice,) = [words for words in world.said_in(world.room()) if "Ada Obi was not reached" in words]
        assert ADA in notice
        assert "ada@example.com" in notice


async def test_a_rate_limit_of_slack_does_not_delay_the_text(new_world: NewWorld) -> None:
    async with telephones(new_world, by("slack", "sms")) as (world, company):
        world.workspace.faults.limit(
            "chat.postMessage", retry_after=30, when=lambda sent: sent.get("channel") == "U0ADA"
        )
        await declared(world)
        assert len(company.texts(ADA)) == 1
        assert world.pages_of("ada") == []

        await world.passes(seconds=30)
        assert len(world.pages_of("ada")) == 1
        assert len(company.texts()) == 1
        assert world.pages_of("ben") == []


async def test_a_rate_limited_text_is_retried_when_the_provider_asks_for_it(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.limit(12)
        await declared(world)
        await world.passes(seconds=11)
        assert company.texts() == []
        await world.passes(seconds=1)
        assert len(company.texts()) == 1


# Lost responses


async def test_a_text_accepted_before_the_response_was_lost_is_found_and_sent_once(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.drop()
        await declared(world)
        assert await states(world) == [("ada", "waiting")]

        await world.passes(seconds=2)
        (text,) = company.texts()
        (page,) = await pages(world)
        assert (page["state"], page["reference"]) == ("accepted", text.sid)


async def test_a_delivery_report_confirms_a_text_whose_response_was_lost(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.drop()
        await declared(world)
        (text,) = company.texts()
        await reported(world, company, text, "delivered")

        (page,) = await pages(world)
        assert (page["state"], page["reference"]) == ("delivered", text.sid)
        await world.passes(seconds=30)
        assert len(company.texts()) == 1
        assert world.pages_of("ben") == []


async def test_a_text_still_unconfirmed_after_a_minute_is_sent_again_as_a_possible_repeat(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.hides = True
        company.refuse(20500, status=500)
        await declared(world)
        for _ in range(5):
            await world.passes(seconds=11)
        assert company.texts() == []

        company.faults.clear()
        await world.passes(seconds=30)
        (text,) = company.texts()
        assert "This may be a repeat." in text.body
        assert world.pages_of("ben"), "nothing was accepted within twenty seconds"


# Replies


async def test_a_reply_acknowledges_as_the_person_who_was_paged(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)

        assert await replied(world, company, ADA, " Ack. ") == "INC-1 acknowledged: Payments failing."
        assert (await world.house.incidents.find("INC-1")).acknowledged_by == "ada"
        assert await replied(world, company, ADA, "ack") == "INC-1 is already acknowledged by Ada Obi."

        await world.passes(hours=2)
        assert world.pages_of("ben") == []


async def test_a_reply_acknowledges_the_newest_page_or_the_incident_it_names(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world, "P1 Payments failing")
        await declared(world, "P1 Search is down")

        assert await replied(world, company, ADA, "ACK") == (
            "INC-2 acknowledged: Search is down.\n\nNot acknowledged: INC-1. Reply ACK INC-1."
        )
        assert await replied(world, company, ADA, "ack inc-1") == "INC-1 acknowledged: Payments failing."
        assert "No page for INC-7 was sent to this number" in await replied(world, company, ADA, "ack 7")


async def test_a_reply_by_text_confirms_the_text_way_and_not_the_call_way(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms", "voice")) as (world, company):
        assert "by SMS, call" in await ask(world, "ada", "/escalate test")
        assert "INC-1 acknowledged" in await replied(world, company, ADA, "ack")
        assert "No page for INC-2 was sent to this number" in await replied(world, company, ADA, "ack 2")
        async with world.house.db.statement() as conn:
            confirmed = {one.via: bool(one.confirmed_at) for one in await confirmations.latest(conn)}
        assert confirmed == {"sms": True, "voice": False}


async def test_a_reply_does_not_acknowledge_a_page_that_twilio_has_not_accepted(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.limit(60)
        await declared(world, "P1 Payments failing")
        assert "No page was sent to this number" in await replied(world, company, ADA, "ACK")
        await world.passes(minutes=1)
        company.limit(60)
        await declared(world, "P1 Search is down")

        assert await replied(world, company, ADA, "ACK") == "INC-1 acknowledged: Payments failing."
        await world.passes(minutes=1)
        assert [text.body.splitlines()[0] for text in company.texts(ADA)] == [
            "P1, late: Payments failing (INC-1)",
            "P1, late: Search is down (INC-2)",
        ]


async def test_a_reply_that_comes_before_twilios_response_counts(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        company.hold()
        await world.eve.types("/incident declare P1 Payments failing")
        await world.workspace.until(lambda: company.texts(ADA))
        assert await company.texted(ADA, "ack", public_url=PUBLIC) == "INC-1 acknowledged: Payments failing."
        company.release()
        await world.settled()
        assert await states(world) == [("ada", "accepted")]


async def test_a_reply_from_a_shared_number_says_whose_acknowledgement_it_is(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms").replace(BEN, ADA)) as (world, company):
        await declared(world)
        assert "INC-1 acknowledged as Ada Obi: Payments failing." in await replied(world, company, ADA, "ack")


@pytest.mark.parametrize("way", ["sms", "voice"])
async def test_a_reply_from_a_reassigned_number_counts_for_its_new_owner(new_world: NewWorld, way: str) -> None:
    before = by(way)
    moved = before.replace(BEN, "+447700900009").replace(ADA, BEN).replace("+447700900009", ADA)
    async with telephones(new_world, before) as (world, company):
        await declared(world)
        async with world.joined(runbook=moved) as second:
            company.really_at = lambda: f"http://127.0.0.1:{second.port}"
            if way == "sms":
                assert "INC-1 acknowledged as Ben Moss" in await replied(world, company, ADA, "ok")
            else:
                await company.pressed(company.calls(ADA)[0], "1")
                await world.settled()
            assert (await world.house.incidents.find("INC-1")).acknowledged_by == "ben"


@pytest.mark.parametrize("way", ["sms", "voice"])
async def test_a_person_removed_from_the_runbook_after_the_page_can_still_acknowledge_it(
    new_world: NewWorld, way: str
) -> None:
    left = by(way).replace("ada: {", "zoe: {").replace("[ada]", "[zoe]").replace(ADA, "+447700900009")
    async with telephones(new_world, by(way)) as (world, company):
        await declared(world)
        async with world.joined(runbook=left) as second:
            company.really_at = lambda: f"http://127.0.0.1:{second.port}"
            if way == "sms":
                assert "INC-1 acknowledged" in await replied(world, company, ADA, "ok")
            else:
                await company.pressed(company.calls(ADA)[0], "1")
                await world.settled()
            assert (await world.house.incidents.find("INC-1")).acknowledged_by == "ada"


@pytest.mark.parametrize(
    ("phone", "text", "answer"),
    [
        (ADA, "what?", "Reply ACK to acknowledge your newest page"),
        (ADA, "", "Reply ACK to acknowledge your newest page"),
        (BEN, "ack", "No page was sent to this number"),
        ("+447700900077", "ack", "This number is not in the runbook"),
        ("+447700900077", "<@U0ADA> & <!here>", "Reply ACK"),
    ],
)
async def test_any_other_text_is_answered_with_what_to_type_and_changes_nothing(
    new_world: NewWorld, phone: str, text: str, answer: str
) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)

        assert answer in await replied(world, company, phone, text)
        assert (await world.house.incidents.find("INC-1")).acknowledged_at is None


async def test_a_number_that_answered_stop_gets_no_texts_until_it_answers_start(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        assert await replied(world, company, ADA, "Stop") == ""
        await declared(world, "P1 Payments failing")
        assert company.asked == [], "nothing is even tried"
        assert "refused (this number has asked for no more texts (STOP))" in words_of(world.card())
        assert len(world.pages_of("ben")) == 1

        assert "texts again" in await replied(world, company, ADA, "START")
        await declared(world, "P1 Search is down")
        assert len(company.texts(ADA)) == 1
        async with world.house.db.transaction() as conn:
            deeds = [(row["actor"], row["deed"]) for row in await audit.newest(conn)]
        assert deeds[:2] == [("ada", "texts.start"), ("ada", "texts.stop")]


# Authenticity and privacy


@pytest.mark.parametrize("signature", [None, "AAAA", "é"])
async def test_a_request_without_a_valid_signature_changes_nothing(new_world: NewWorld, signature: str | None) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)
        (text,) = company.texts()
        form = {"MessageSid": text.sid, "MessageStatus": "failed", "From": ADA, "Body": "ack", "Digits": "1"}
        headers = {} if signature is None else {"X-Twilio-Signature": signature}
        for path in ("status?page=1.1786024800", "sms", "voice/1.1786024800", "voice/1.1786024800/key"):
            url = f"http://127.0.0.1:{world.app.port}/twilio/{path}"
            async with aiohttp.ClientSession() as session, session.post(url, data=form, headers=headers) as answer:
                assert answer.status == 403
        await world.settled()

        assert await states(world) == [("ada", "accepted")]
        assert (await world.house.incidents.find("INC-1")).acknowledged_at is None


@pytest.mark.parametrize(("body", "status"), [(b"a" * (LARGEST_BODY + 1), 413), (b"a&" * (MOST_FIELDS + 1), 400)])
async def test_an_oversized_form_is_refused_before_its_signature_is_checked(
    new_world: NewWorld, body: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    """Twilio signs fields and not bytes, so they are parsed first, and anybody could send a great many."""
    async with telephones(new_world, by("sms")) as (world, _):
        for path in ("status?page=1", "sms", "voice/1", "voice/1/key"):
            url = f"http://127.0.0.1:{world.app.port}/twilio/{path}"
            async with aiohttp.ClientSession() as session, session.post(url, data=body) as answer:
                assert answer.status == status
    assert [one for one in caplog.records if one.exc_info] == []


async def test_a_signature_by_another_account_or_for_another_url_is_refused(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)
        (text,) = company.texts()
        right = company.token
        company.token = "another"
        assert await company.reports(text, "failed") == 403

        company.token = right
        assert "eply" not in await company.texted(ADA, "ack", public_url="https://elsewhere.example.com")
        assert await states(world) == [("ada", "accepted")]


async def test_a_report_about_an_unknown_page_is_accepted_and_changes_nothing(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms")) as (world, company):
        await declared(world)
        (text,) = company.texts()
        for page in ("7.1786024800", "1.1", "1", "x", ""):
            text.fields["StatusCallback"] = f"{PUBLIC}/twilio/status?page={page}"
            await reported(world, company, text, "failed")

        assert await states(world) == [("ada", "accepted")]


async def test_a_drill_sends_no_text_and_calls_nobody(new_world: NewWorld) -> None:
    async with telephones(new_world, by("slack", "sms", "voice")) as (world, company):
        await world.eve.types("/incident drill P1 First rehearsal")
        await world.settled()

        assert len(world.pages_of("ada")) == 1
        assert company.asked == []


async def test_a_text_does_not_ask_for_a_reply_without_a_public_address(new_world: NewWorld) -> None:
    async with telephones(new_world, by("sms"), public_url="") as (world, company):
        await declared(world)

        (text,) = company.texts(ADA)
        assert "StatusCallback" not in text.fields
        assert "Acknowledge in Slack: /escalate ack" in text.body
        assert "eply" not in text.body

        url = f"http://127.0.0.1:{world.app.port}/twilio/sms"
        async with aiohttp.ClientSession() as session, session.post(url, data={"From": ADA, "Body": "ack"}) as answer:
            assert answer.status == 403
            assert (await answer.json())["error"] == "PUBLIC_URL is not set, so no signature can be checked"


async def test_a_hanging_request_for_one_number_delays_nobody_else(new_world: NewWorld) -> None:
    everybody = by("sms").replace("who: [ada], via: [sms]", "who: [ada, ben], via: [sms, slack]")
    async with telephones(new_world, everybody) as (world, company):
        company.hang(to=ADA)
        await world.eve.types("/incident declare P1 Payments failing")
        await world.workspace.until(
            lambda: company.texts(BEN) and world.pages_of("ada") and world.pages_of("ben"), within=10
        )
        assert company.texts(ADA) == []

        company.release()
        await world.settled()
        assert len(company.texts(ADA)) == 1
        assert {state for _, state in await states(world)} == {"accepted"}


async def test_texts_and_calls_reveal_nothing_about_a_private_incident(new_world: NewWorld) -> None:
    async with telephones(new_world, by("slack", "sms", "voice")) as (world, company):
        await world.eve.types("/incident private P1 Data breach", "#general")
        await world.settled()
        answer = await world.eve.types("/escalate ada Bring the list of the breached", world.room())
        assert answer.error is None
        await world.settled()

        first, by_hand = company.texts(ADA)
        for text in (first, by_hand):
            assert text.body.startswith("P1: private incident INC-1, open Slack\n")
        call = company.calls(ADA)[-1]
        picked_up = heard(await company.picked_up(call))
        assert "private incident 1. Open Slack" in picked_up
        _, page = await follow(world, first.body.split(PUBLIC)[1].split()[0])
        assert "Private incident" in page
        said = await replied(world, company, ADA, "ack")
        assert "INC-1 acknowledged." in said
        for words in (first.body, by_hand.body, picked_up, page, said, heard(await company.picked_up(call))):
            assert "breach" not in words

        assert "Data breach" in words_of(world.pages_of("ada")[0])
        assert "🔒 Private: discuss it only in <#" in words_of(world.pages_of("ada")[0])
