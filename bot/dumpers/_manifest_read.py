"""What stands beside a dump, as bytes that anybody may have written, cut off or edited."""

import json
from collections.abc import Mapping
from typing import Any

from bot.domain.backups.backup import Damaged

# The counts of a hundred thousand tables. What is larger is not even read: it costs many times that as objects.
LARGEST_BYTES = 8 * 1024 * 1024


def manifest_in(written: bytes) -> Mapping[str, Any]:
    """Whatever Unicode an editor has made of it. `written` need hold no more than one byte beyond the largest.

    Raises Damaged, saying what is wrong with it.
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
    # A number of thousands of digits, or lists nested thousands of times.
    except (ValueError, RecursionError) as error:
        raise Damaged("its manifest is JSON that cannot be read") from error
    if not isinstance(found, dict):
        raise Damaged("its manifest is JSON, but no object")
    return found
