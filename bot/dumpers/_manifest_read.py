"""Parses a dump's manifest, which anybody may have written, truncated or edited."""

import json
from collections.abc import Mapping
from typing import Any

from bot.domain.backups.backup import Damaged

# Room for the counts of a hundred thousand tables. Larger ones aren't parsed: the objects would take many times the
# size.
LARGEST_BYTES = 8 * 1024 * 1024


def manifest_in(written: bytes) -> Mapping[str, Any]:
    """Parse the manifest, in any Unicode encoding an editor may have saved it in. `written` needs at most one byte more
    than `LARGEST_BYTES`.

    Raises Damaged, saying what is wrong.
    """
    if len(written) > LARGEST_BYTES:
        raise Damaged(f"its manifest is larger than {LARGEST_BYTES // 1024**2} MB: Tocsin writes none like that")
    if not written.strip():
        raise Damaged("its manifest is empty")
    try:
        found = json.loads(written)
    except UnicodeDecodeError as error:
        raise Damaged("its manifest is not Unicode: it was saved in another encoding") from error
    except json.JSONDecodeError as error:
        raise Damaged(f"its manifest is truncated or edited: no JSON from line {error.lineno} on") from error
    # A number with thousands of digits, or lists nested thousands deep.
    except (ValueError, RecursionError) as error:
        raise Damaged("its manifest is JSON that cannot be read") from error
    if not isinstance(found, dict):
        raise Damaged("its manifest is JSON, but no object")
    return found
