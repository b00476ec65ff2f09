"""The setup script's own rules; the whole of it is run by ``make run``."""

import importlib.util
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "setup.py"


@pytest.fixture
def setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the script as a module that works in an empty folder."""
    spec = importlib.util.spec_from_file_location("afirgen_setup", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, folder in {"ROOT": "", "STAMPS": "stamps", "WORK": "work"}.items():
        monkeypatch.setattr(module, name, tmp_path / folder)
    (tmp_path / "work").mkdir()
    return module


def test_a_step_is_done_again_only_when_its_inputs_change(setup: ModuleType) -> None:
    done: list[str] = []
    setup.step("a", [b"1"], lambda: done.append("first"))
    setup.step("a", [b"1"], lambda: done.append("again"))
    setup.step("a", [b"2"], lambda: done.append("changed"))
    assert done == ["first", "changed"]


def test_a_step_that_fails_is_due_again(setup: ModuleType) -> None:
    def fail() -> None:
        raise setup.SetupError("no")

    with pytest.raises(setup.SetupError):
        setup.step("a", [b"1"], fail)
    done: list[str] = []
    setup.step("a", [b"1"], lambda: done.append("now"))
    assert done == ["now"]


def test_a_kept_wheel_fits_only_its_version_and_options(setup: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CMAKE_ARGS", raising=False)
    plain = setup.build_key(b"llama==1")
    assert plain == setup.build_key(b"llama==1")
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=on")
    assert len({plain, setup.build_key(b"llama==1"), setup.build_key(b"llama==2")}) == 3


def test_compiler_lines_become_progress(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    progress = setup.Progress("compiling")
    for line in ("  [1/20] g++ a.cpp", "  [2/20] g++ b.cpp", "  [20/20] link", "-- Configuring done"):
        if found := setup._COMPILED.search(line):
            progress.advance(int(found[1]), int(found[2]))
    assert capsys.readouterr().out.splitlines() == [
        "[  1/ 20] compiling",
        "[  2/ 20] compiling",
        "[ 20/ 20] compiling",
    ]


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full."),
        ("Failed to establish a new connection: refused", "The package registry cannot be reached."),
        ("THESE PACKAGES DO NOT MATCH THE HASHES", "another hash"),
        ("something else", "A step failed."),
    ],
)
def test_a_failure_is_one_sentence_with_its_log(setup: ModuleType, said: str, sentence: str) -> None:
    program = f"import sys; print({said!r}); sys.exit(1)"
    with pytest.raises(setup.SetupError) as caught:
        setup.stream([sys.executable, "-c", program], "step", lambda _: None)
    assert sentence in str(caught.value)
    assert "work/step.log" in str(caught.value)
    assert said in (setup.WORK / "step.log").read_text()


def test_a_second_setup_waits(setup: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    inside, leave, order = threading.Event(), threading.Event(), []

    def first() -> None:
        with setup.one_at_a_time():
            inside.set()
            leave.wait(10)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    assert inside.wait(10)
    threading.Timer(0.1, leave.set).start()
    with setup.one_at_a_time():
        order.append("second")
    thread.join()
    assert order == ["first", "second"]
    assert "waiting for it" in capsys.readouterr().out


def test_another_python_is_refused_in_one_sentence(
    setup: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(setup, "WANTED_PYTHON", (2, 7))
    monkeypatch.setattr(setup.shutil, "which", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["setup.py"])
    assert setup.main() == 2
    assert capsys.readouterr().err.startswith("Setup stopped: Python 3.11 is needed and this is 3.")


def test_help_runs_without_any_package() -> None:
    command = [sys.executable, "-I", "-S", str(SCRIPT), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 -- the script itself
    assert "--dev" in done.stdout


def test_an_interruption_stops_what_a_step_started(setup: ModuleType, tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    child = f"import time; time.sleep(1); open({str(alive)!r}, 'w')"
    program = f"import subprocess, sys; p = subprocess.Popen([sys.executable, '-c', {child!r}]); print('on', flush=True)\np.wait()"

    def stop(_line: str) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        setup.stream([sys.executable, "-c", program], "step", stop)
    time.sleep(1.5)
    assert not alive.exists()
