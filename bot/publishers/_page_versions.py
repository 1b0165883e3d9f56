"""Which edition of a status page is the newer one."""

# A version is an instant in microseconds. One that is so far ahead is of a clock that was wrong, or of a rehearsal.
NOT_BELIEVED_US = 600 * 1_000_000


def is_newer(found: str, ours: int) -> bool:
    """Is what was found there, as it is written, an edition that must stay?"""
    return found.strip().isdecimal() and ours < int(found) <= ours + NOT_BELIEVED_US
