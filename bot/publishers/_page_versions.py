"""Decides which of two editions of a status page is newer."""

# A version is a time in microseconds. One further ahead than this comes from a wrong clock, or from a rehearsal.
NOT_BELIEVED_US = 600 * 1_000_000


def is_newer(found: str, ours: int) -> bool:
    """Must the edition that was found there stay? `found`: its version as written there, possibly garbage."""
    return found.strip().isdecimal() and ours < int(found) <= ours + NOT_BELIEVED_US
