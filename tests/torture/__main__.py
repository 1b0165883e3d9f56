"""`make torture`: minutes of everything that can break, and the verdict.

`SEED=` repeats a plan, `MINUTES=` is how long.

Exits 1 when a promise was broken.
"""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

from tests.torture.checker import judge
from tests.torture.figures import figures
from tests.torture.plan import plan
from tests.torture.run import Torturer
from tests.torture.scene import evidence_of, scene


async def torture(seed: int, minutes: float, folder: Path) -> bool:
    """Prints figures and findings; returns whether there were none. The processes' logs are kept if there were."""
    events = plan(seed, minutes * 60)
    print(f"seed {seed}, {minutes:g} minutes, {len(events)} events planned; logs in {folder}", flush=True)
    async with scene(folder) as run:
        await Torturer(run).play(events)
        evidence = await evidence_of(run)
    findings = [*run.objections, *judge(evidence)]
    print(figures(run, evidence))
    print("\n".join(findings) or "Nothing was found that must not be.")
    return not findings


def main() -> None:
    seed, minutes = int(os.environ.get("SEED") or 1), float(os.environ.get("MINUTES") or 3)
    folder = Path(tempfile.mkdtemp(prefix="tocsin-torture-logs-"))
    sys.exit(0 if asyncio.run(torture(seed, minutes, folder)) else 1)


if __name__ == "__main__":
    main()
