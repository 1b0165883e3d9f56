"""Duty may be suspended for several reasons at once."""

from bot.services.outbox.duty import Duty


def test_duty_resumes_only_when_every_reason_for_suspending_it_is_gone() -> None:
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
