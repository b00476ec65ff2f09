"""Sets up the project: virtual environment, locked packages, the language model runtime.

Uses the standard library only. Every step leaves a stamp, so an interrupted run goes on where it stopped and
a run with nothing to do takes a moment. ``--dev`` adds the tools that the tests need.
"""

import argparse
import fcntl
import hashlib
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMPS = VENV / ".stamps"
LOCKS = ROOT / "requirements"
WORK = ROOT / "var" / "setup"
WHEELS = ROOT / "var" / "wheels"
WANTED_PYTHON = (3, 11)
NEEDED_MIB = 5000
PIP = [str(PYTHON), "-m", "pip", "--disable-pip-version-check", "--no-input"]
INSTALL = [*PIP, "install", "--no-deps", "--progress-bar=off"]

_COMPILED = re.compile(r"\[(\d+)/(\d+)\]")
_PINNED = re.compile(r"^[A-Za-z0-9._-]+(?:\[[^]]*\])?==", re.MULTILINE)


class SetupError(Exception):
    """A step failed; the message says what to do."""


def main() -> int:
    """Run the steps that are not done yet; return the exit code."""
    parser = argparse.ArgumentParser(description="Set up AFIRGen in this folder.")
    parser.add_argument("--dev", action="store_true", help="also install what tests and checks need")
    options = parser.parse_args()
    try:
        find_python()
        with one_at_a_time():
            set_up(dev=options.dev)
    except SetupError as err:
        print(f"Setup stopped: {err}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nStopped. Run the same command again to go on from here.", file=sys.stderr)
        return 130
    return 0


def set_up(*, dev: bool) -> None:
    """Go through the steps in order; each is skipped when its stamp matches what it depends on."""
    locked = {name: (LOCKS / f"{name}.txt").read_bytes() for name in ("build", "runtime", "llama", "dev")}
    here = str(ROOT).encode()
    step("environment", [sys.version.encode(), here], make_environment)
    step("packages", [locked["build"], locked["runtime"]], lambda: install_locked("build", "runtime"))
    step("llama", [locked["llama"], build_key(locked["llama"]).encode()], lambda: install_llama(locked["llama"]))
    step("project", [(ROOT / "pyproject.toml").read_bytes(), here], install_project)
    if dev:
        step("dev", [locked["dev"]], lambda: install_locked("dev"))


def step(name: str, inputs: list[bytes], action: Callable[[], None]) -> None:
    """Do a step unless it was done with the same inputs. A new environment has no stamps, so all is due again."""
    digest = hashlib.sha256(b"\0".join(inputs)).hexdigest()
    stamp = STAMPS / name
    if stamp.is_file() and stamp.read_text() == digest:
        return
    action()
    STAMPS.mkdir(parents=True, exist_ok=True)
    stamp.write_text(digest)


def find_python() -> None:
    """Go on under Python 3.11 when this is another one."""
    if sys.version_info[:2] == WANTED_PYTHON:
        return
    found = shutil.which("python3.11")
    if found is None or os.environ.get("AFIRGEN_SETUP_AGAIN"):
        raise SetupError(f"Python 3.11 is needed and this is {platform.python_version()}. Install it and run again.")
    os.environ["AFIRGEN_SETUP_AGAIN"] = "1"
    os.execv(found, [found, *sys.argv])  # noqa: S606 -- the same script under the Python it needs


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Let a second setup in this folder wait for the first."""
    WORK.mkdir(parents=True, exist_ok=True)
    with (WORK / "lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Another setup is running in this folder; waiting for it.", flush=True)
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def make_environment() -> None:
    """Make .venv, or keep one that works under this Python."""
    free = shutil.disk_usage(ROOT).free // 2**20
    if free < NEEDED_MIB:
        raise SetupError(f"{NEEDED_MIB} MiB of disk are needed here and {free} MiB are free. Free some space.")
    if works():
        return
    print("Making the virtual environment in .venv", flush=True)
    if not call([sys.executable, "-m", "venv", "--clear", str(VENV)], "environment") or not works():
        # Debian keeps what puts pip into an environment in a package of its own; the machine's pip can do it too.
        made = call([sys.executable, "-m", "venv", "--clear", "--without-pip", str(VENV)], "environment")
        pip = [sys.executable, "-m", "pip", "--python", str(PYTHON), "install", "--no-deps", "--require-hashes", "-r"]
        if not (made and call([*pip, str(only_pip())], "environment") and works()):
            raise SetupError("Python cannot make an environment with pip. Install python3-venv and run again.")


def works() -> bool:
    """Whether .venv has this Python and pip."""
    if not PYTHON.exists():
        return False
    program = f"import sys, pip; sys.exit(sys.version_info[:2] != {WANTED_PYTHON})"
    return call([str(PYTHON), "-c", program], "environment")


def only_pip() -> Path:
    """Return a requirements file of the locked pip alone."""
    blocks = re.split(r"\n(?=\S)", (LOCKS / "build.txt").read_text())
    path = WORK / "pip.txt"
    path.write_text(next(block for block in blocks if block.startswith("pip==")))
    return path


def install_locked(*names: str) -> None:
    """Install locked packages; pip checks the hash of each."""
    count = sum(len(_PINNED.findall((LOCKS / f"{name}.txt").read_text())) for name in names)
    command = [*INSTALL, "--require-hashes", "--only-binary=:all:"]
    for name in names:
        command += ["-r", str(LOCKS / f"{name}.txt")]
    progress = Progress(f"installing {count} packages")

    def show(line: str) -> None:
        if line.startswith(("Collecting ", "Processing ", "Requirement already satisfied: ")):
            progress.advance(progress.done + 1, count)

    stream(command, "packages", show)
    progress.end()


def install_llama(lock: bytes) -> None:
    """Install llama-cpp-python from its kept wheel, compiling it first when there is none."""
    kept = WHEELS / build_key(lock)
    if not list(kept.glob("*.whl")):
        build_llama(kept)
    [wheel] = kept.glob("*.whl")
    stream([*INSTALL, "--no-index", "--force-reinstall", str(wheel)], "llama", lambda _: None)


def build_key(lock: bytes) -> str:
    """Return the name under which a compiled wheel is kept: it fits this version, machine and these options."""
    try:
        flags = re.search(rb"^(?:flags|Features)\s*:(.*)$", Path("/proc/cpuinfo").read_bytes(), re.MULTILINE)
    except OSError:
        flags = None
    parts = [lock, platform.machine().encode(), os.environ.get("CMAKE_ARGS", "").encode(), flags[1] if flags else b""]
    return f"llama-{hashlib.sha256(chr(0).encode().join(parts)).hexdigest()[:16]}"


def build_llama(kept: Path) -> None:
    """Compile in a folder that stays until it is done, so that an interrupted build goes on."""
    if not all(shutil.which(tool) for tool in ("gcc", "g++")) and not os.environ.get("CXX"):
        raise SetupError("No C and C++ compiler is here. Install gcc and g++ and run again.")
    place = WORK / kept.name
    source = unpacked_source(place)
    (place / "wheel").mkdir(exist_ok=True)
    command = [*PIP, "wheel", "--no-deps", "--no-build-isolation", "--verbose", "--wheel-dir", str(place / "wheel")]
    command += ["--config-settings", f"build-dir={place / 'build'}", str(source)]
    progress = Progress("compiling the language model runtime (takes 5 to 12 minutes, once)")
    progress.advance(0, 0)

    def show(line: str) -> None:
        if found := _COMPILED.search(line):
            progress.advance(int(found[1]), int(found[2]))

    stream(command, "llama", show)
    progress.end()
    kept.mkdir(parents=True, exist_ok=True)
    for wheel in (place / "wheel").glob("*.whl"):
        wheel.replace(kept / wheel.name)
    shutil.rmtree(place)


def unpacked_source(place: Path) -> Path:
    """Fetch the source archive by its locked hash and unpack it once."""
    done = list(place.glob("source/*/pyproject.toml"))
    if not done:
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        print("fetching the source of the language model runtime", flush=True)
        command = [*PIP, "download", "--no-deps", "--no-build-isolation", "--no-binary=:all:", "--require-hashes"]
        stream([*command, "-d", str(place), "-r", str(LOCKS / "llama.txt")], "llama", lambda _: None)
        [archive] = place.glob("*.tar.gz")
        with tarfile.open(archive) as files:
            files.extractall(place / "coming", filter="data")
        (place / "coming").rename(place / "source")
        done = list(place.glob("source/*/pyproject.toml"))
    return done[0].parent


def install_project() -> None:
    """Install the project itself, so that the command `afirgen` exists."""
    stream([*INSTALL, "--no-build-isolation", "--no-index", "--editable", str(ROOT)], "project", lambda _: None)


def call(command: list[str], log: str) -> bool:
    """Run a command with its words going to a log; return whether it succeeded."""
    with (WORK / f"{log}.log").open("a", encoding="utf-8") as out:
        return subprocess.run(command, check=False, stdout=out, stderr=out, stdin=subprocess.DEVNULL).returncode == 0


def stream(command: list[str], log: str, show: Callable[[str], None]) -> None:
    """Run a command, giving each line it says to ``show`` and to a log; raise :class:`SetupError` when it fails."""
    path = WORK / f"{log}.log"
    environment = {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"}
    with (
        path.open("w", encoding="utf-8") as out,
        subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            text=True,
            errors="replace",
            env=environment,
            # An interruption has to reach the compilers too, however it came.
            start_new_session=True,
        ) as process,
    ):
        try:
            for line in process.stdout or ():
                out.write(line)
                show(line)
        except BaseException:
            os.killpg(process.pid, signal.SIGTERM)
            raise
    if process.returncode:
        raise SetupError(explanation(path))


def explanation(log: Path) -> str:
    """Return one sentence on why a step failed, from what its log says."""
    text = log.read_text(encoding="utf-8", errors="replace")
    where = f"The details are in {log.relative_to(ROOT)}."
    causes = {
        "No space left on device": "The disk is full. Free some space and run again.",
        "DO NOT MATCH THE HASHES": "The package registry gave a package with another hash than the locked one.",
        "Failed to establish a new connection": "The package registry cannot be reached. Check the network.",
        "Temporary failure in name resolution": "The package registry cannot be reached. Check the network.",
        "Connection": "The connection to the package registry broke off. Run again to go on.",
        "No matching distribution": "The package registry lacks a locked package, or it cannot be reached.",
        "Killed signal": "The compiler ran out of memory. Close other programs and run again.",
    }
    found = next((sentence for sign, sentence in causes.items() if sign in text), "A step failed.")
    return f"{found} {where}"


class Progress:
    """One line that is written over on a terminal, and one line a tenth elsewhere."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._tenth = -1
        self.done = 0

    def advance(self, done: int, total: int) -> None:
        """Show that ``done`` of ``total`` are finished."""
        self.done = done
        line = f"[{done:3}/{total:3}] {self._label}" if total else self._label
        if sys.stdout.isatty():
            print(f"\r\033[K{line}", end="", flush=True)
        elif total == 0 or done * 10 // total > self._tenth:
            self._tenth = done * 10 // total if total else -1
            print(line, flush=True)

    def end(self) -> None:
        """Leave the line."""
        if sys.stdout.isatty():
            print(flush=True)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    sys.exit(main())
