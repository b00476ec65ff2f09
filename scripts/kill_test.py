"""Kill the served program at random moments of officers' work; run as ``python scripts/kill_test.py [--kills 200]``.

Both databases are used: SQLite, and the MySQL server of AFIRGEN_TEST_MYSQL_URL or a private one.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.kill.databases import databases
from tests.kill.harness import kill_again_and_again


def main() -> None:
    """Kill, and say what held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--officers", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, databases(Path(folder)) as urls:
        for kind, url in urls.items():
            own = Path(folder) / kind
            own.mkdir()
            began = time.monotonic()
            ledger = asyncio.run(
                kill_again_and_again(url, own, kills=given.kills, officers=given.officers, seed=given.seed)
            )
            print(
                f"{kind}: {given.kills} kills in {time.monotonic() - began:.0f} s, {ledger.interrupted} calls cut off, "
                f"{ledger.given_up} steps asked for again, {ledger.sent_away} complaints sent away; "
                f"{len(ledger.reached)} complaints accepted, {len(ledger.registered)} FIRs registered; nothing lost, "
                "no double number, no gap in the register, the audit chain whole, every job done."
            )


if __name__ == "__main__":
    main()
