"""A handful of kills at random moments of the flow; scripts/kill_test.py does hundreds."""

from pathlib import Path

import pytest

from tests.kill.harness import kill_again_and_again
from tests.store.conftest import empty_url, mysql_server, mysql_url

__all__ = ["empty_url", "mysql_server", "mysql_url"]
pytestmark = pytest.mark.anyio


async def test_a_killed_program_loses_nothing_doubles_nothing_and_finishes_everything(
    empty_url: str,
    tmp_path: Path,
) -> None:
    ledger = await kill_again_and_again(empty_url, tmp_path, kills=8, officers=3, seed=20250313)
    assert ledger.interrupted >= 5
    assert len(ledger.registered) >= 3
