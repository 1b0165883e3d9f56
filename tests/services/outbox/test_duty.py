"""Who is on duty, and for how many reasons they may be suspended."""

from bot.services.outbox.duty import Duty


def test_what_one_has_suspended_another_does_not_resume() -> None:
    duty = Duty()
    duty.begin()
    duty.suspend("schema")
    duty.suspend("sessions")
    duty.suspend("sessions")
    duty.resume("schema")
    assert not duty.is_on
    duty.resume("sessions")
    duty.resume("schema")
    assert duty.is_on
    duty.end()
    assert not duty.is_on and not duty.is_suspended
