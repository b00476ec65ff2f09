"""Two real processes at one model folder, and one that is killed half way."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from afirgen.inference.models.sources.folder import FolderSource
from afirgen.inference.models.store import ModelStore
from tests.inference.models.kit import CONTENT, one_file

PROGRAM = """
import sys, time
from pathlib import Path
from afirgen.inference.models.sources.folder import FolderSource
from afirgen.inference.models.store import ModelStore
from tests.inference.models.kit import one_file

def slow(name, done, total):
    time.sleep(float(sys.argv[3]))

ModelStore(Path(sys.argv[1]), [FolderSource(Path(sys.argv[2]))]).pull(
    one_file(), slow, lambda sentence: print(sentence, flush=True)
)
"""


def start(models: Path, share: Path, pause_s: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(models), str(share), str(pause_s)]
    return subprocess.Popen(  # noqa: S603 -- this test's own program
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(Path.cwd())}
    )


def wait_for(path: Path) -> None:
    end = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_second_process_waits_and_finds_it_done(tmp_path: Path) -> None:
    share = tmp_path / "share" / "tiny" / "model.bin"
    share.parent.mkdir(parents=True)
    share.write_bytes(CONTENT)
    first = start(tmp_path / "models", tmp_path / "share", 0.5)
    wait_for(tmp_path / "models" / ".staging" / "tiny" / "model.bin.partial")
    second = start(tmp_path / "models", tmp_path / "nowhere", 0)
    said, _ = second.communicate(timeout=30)
    assert (first.wait(30), second.returncode) == (0, 0)
    assert said == "Another process is fetching tiny; waiting for it.\n"
    assert first.stdout is not None
    first.stdout.close()


def test_a_killed_pull_leaves_no_file_in_place_and_no_lock(tmp_path: Path) -> None:
    share = tmp_path / "share" / "tiny" / "model.bin"
    share.parent.mkdir(parents=True)
    share.write_bytes(CONTENT)
    process = start(tmp_path / "models", tmp_path / "share", 30)
    wait_for(tmp_path / "models" / ".staging" / "tiny" / "model.bin.partial")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=10)
    assert not (tmp_path / "models" / "tiny").exists()
    notes: list[str] = []
    folder = ModelStore(tmp_path / "models", [FolderSource(tmp_path / "share")]).pull(one_file(), on_note=notes.append)
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert notes == []
