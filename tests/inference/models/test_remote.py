"""Folders, a web server and a bucket: resuming, changed files, and what push writes for pull to read."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import boto3  # type: ignore[import-untyped]
import pytest
import stamina
from moto import mock_aws

from afirgen.errors import ModelFileError, SettingsError
from afirgen.inference.models.checks import write_sums
from afirgen.inference.models.push import push_model
from afirgen.inference.models.sources import open_sources, open_target
from afirgen.inference.models.sources.folder import FolderSource
from afirgen.inference.models.sources.https import HttpsSource
from afirgen.inference.models.sources.s3 import S3Source
from afirgen.inference.models.store import ModelStore
from tests.inference.models.kit import CONTENT, one_file, sha256

OTHER = CONTENT[::-1]


class Shop:
    """A web server of one folder of files that can break off, refuse and change its mind."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {"/m/tiny/model.bin": CONTENT}
        self.break_after: list[int] = []
        self.ranges: list[str | None] = []
        self.status: list[int] = []
        self.url = ""


@pytest.fixture
def shop() -> Iterator[Shop]:
    state = Shop()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self._answer(body=False)

        def do_GET(self) -> None:
            self._answer(body=True)

        def _answer(self, *, body: bool) -> None:
            status = state.status.pop(0) if state.status else 0
            data = state.files.get(self.path)
            if status or data is None:
                self.send_response(status or 404)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            asked = self.headers.get("Range")
            if body:
                state.ranges.append(asked)
            start = int(asked.removeprefix("bytes=").rstrip("-")) if asked else 0
            self.send_response(206 if asked else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.send_header("ETag", f'"{sha256(data)}"')
            self.end_headers()
            if body:
                stop = state.break_after.pop(0) if state.break_after else len(data)
                self.wfile.write(data[start : start + stop])

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/m"
    thread = Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    with stamina.set_testing(True, attempts=3, cap=True):
        yield state
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    with mock_aws():
        place = {"LocationConstraint": "ap-south-1"}
        boto3.client("s3").create_bucket(Bucket="afirgen-models", CreateBucketConfiguration=place)
        yield "s3://afirgen-models/v1"


def local_model(model_dir: Path, content: bytes = CONTENT) -> Path:
    path = model_dir / "tiny" / "model.bin"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_a_broken_download_goes_on_by_range(tmp_path: Path, shop: Shop) -> None:
    shop.break_after = [1_000_000, 500_000]
    folder = ModelStore(tmp_path, [HttpsSource(shop.url)]).pull(one_file())
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert shop.ranges[0] is None
    assert [asked for asked in shop.ranges[1:] if asked] == shop.ranges[1:]
    assert len(shop.ranges) == 3


def test_the_next_process_goes_on_where_the_last_one_stopped(tmp_path: Path, shop: Shop) -> None:
    shop.break_after = [700_000, 0, 0]
    with pytest.raises(ModelFileError, match=r"127.0.0.1 cannot be reached or breaks off"):
        ModelStore(tmp_path, [HttpsSource(shop.url)]).pull(one_file())
    shop.ranges.clear()
    ModelStore(tmp_path, [HttpsSource(shop.url)]).pull(one_file())
    assert shop.ranges == ["bytes=700000-"]


def test_a_file_that_changed_on_the_server_is_fetched_from_the_start(tmp_path: Path, shop: Shop) -> None:
    shop.files["/m/tiny/model.bin"] = OTHER
    shop.break_after = [700_000, 0, 0]
    with pytest.raises(ModelFileError):
        ModelStore(tmp_path, [HttpsSource(shop.url)]).pull(one_file())
    shop.files["/m/tiny/model.bin"] = CONTENT
    shop.ranges.clear()
    ModelStore(tmp_path, [HttpsSource(shop.url)]).pull(one_file())
    assert shop.ranges == [None]


def test_a_busy_server_is_asked_again_and_a_refusal_is_not(tmp_path: Path, shop: Shop) -> None:
    shop.status = [503]
    ModelStore(tmp_path / "a", [HttpsSource(shop.url)]).pull(one_file())
    shop.status = [403]
    with pytest.raises(ModelFileError, match=r"127.0.0.1 refuses to give it"):
        ModelStore(tmp_path / "b", [HttpsSource(shop.url)]).pull(one_file())


def test_an_unpinned_model_takes_its_checksum_from_the_list_and_keeps_it(tmp_path: Path, shop: Shop) -> None:
    entry = one_file(pinned=False)
    store = ModelStore(tmp_path, [HttpsSource(shop.url)])
    with pytest.raises(ModelFileError, match=r"127.0.0.1 has no checksums of it"):
        store.pull(entry)
    shop.files["/m/tiny/SHA256SUMS"] = write_sums({"model.bin": sha256(CONTENT)}).encode()
    path = store.pull(entry) / "model.bin"
    assert sha256(CONTENT) in (tmp_path / "pins.toml").read_text()
    path.unlink()
    shop.files["/m/tiny/model.bin"] = OTHER
    shop.files["/m/tiny/SHA256SUMS"] = write_sums({"model.bin": sha256(OTHER)}).encode()
    with pytest.raises(ModelFileError, match=r"arrived damaged twice"):
        store.pull(entry)


def test_push_to_a_folder_and_pull_from_it(tmp_path: Path) -> None:
    entry = one_file(pinned=False)
    local_model(tmp_path / "here")
    target = FolderSource(tmp_path / "share")
    sums = push_model(entry, tmp_path / "here", target, lambda *_: None)
    assert sums == {"model.bin": sha256(CONTENT)}
    assert ModelStore(tmp_path / "here").path(entry).name == "tiny"
    folder = ModelStore(tmp_path / "there", [target]).pull(entry)
    assert (folder / "model.bin").read_bytes() == CONTENT


def test_a_half_copied_file_goes_on(tmp_path: Path) -> None:
    local_model(tmp_path / "share")
    store = ModelStore(tmp_path / "here", [FolderSource(tmp_path / "share")])

    class StopError(Exception):
        pass

    def stop(_name: str, done: int, _total: int) -> None:
        if done > 1_000_000:
            raise StopError

    with pytest.raises(StopError):
        store.pull(one_file(), stop)
    seen: list[int] = []
    store.pull(one_file(), lambda _name, done, _total: seen.append(done))
    assert min(seen) > 1_000_000


def test_other_files_are_not_overwritten_unasked(tmp_path: Path) -> None:
    entry = one_file(pinned=False)
    target = FolderSource(tmp_path / "share")
    local_model(tmp_path / "a")
    push_model(entry, tmp_path / "a", target, lambda *_: None)
    local_model(tmp_path / "b", OTHER)
    with pytest.raises(ModelFileError, match=r"--replace"):
        push_model(entry, tmp_path / "b", target, lambda *_: None)
    push_model(entry, tmp_path / "b", target, lambda *_: None, replace=True)
    assert (ModelStore(tmp_path / "c", [target]).pull(entry) / "model.bin").read_bytes() == OTHER


def test_a_damaged_local_file_is_not_pushed(tmp_path: Path) -> None:
    local_model(tmp_path, OTHER)
    with pytest.raises(ModelFileError, match=r"damaged or not the one"):
        push_model(one_file(), tmp_path, FolderSource(tmp_path / "share"), lambda *_: None)
    assert not (tmp_path / "share").exists()


def test_push_to_a_bucket_and_pull_from_it(tmp_path: Path, bucket: str) -> None:
    entry = one_file(pinned=False)
    local_model(tmp_path / "here")
    seen: list[int] = []
    target = open_target(bucket)
    push_model(entry, tmp_path / "here", target, lambda _name, done, _total: seen.append(done))
    assert seen[-1] == len(CONTENT)
    [source] = open_sources([bucket], {})
    folder = ModelStore(tmp_path / "there", [source]).pull(entry)
    assert (folder / "model.bin").read_bytes() == CONTENT


def test_a_bucket_download_goes_on_by_range(tmp_path: Path, bucket: str) -> None:
    boto3.client("s3").put_object(Bucket="afirgen-models", Key="v1/tiny/model.bin", Body=CONTENT)
    store = ModelStore(tmp_path, [S3Source(bucket)])

    class StopError(Exception):
        pass

    def stop(_name: str, _done: int, _total: int) -> None:
        raise StopError

    with pytest.raises(StopError):
        store.pull(one_file(), stop)
    seen: list[int] = []
    store.pull(one_file(), lambda _name, done, _total: seen.append(done))
    assert seen[0] > 1_048_576


def test_a_bucket_without_the_file_or_without_a_right_says_so(tmp_path: Path, bucket: str) -> None:
    with pytest.raises(ModelFileError, match=r"bucket afirgen-models does not hold it"):
        ModelStore(tmp_path, [S3Source(bucket)]).pull(one_file())
    with pytest.raises(ModelFileError, match=r"bucket nowhere-at-all"):
        ModelStore(tmp_path, [S3Source("s3://nowhere-at-all/x")]).pull(one_file())


@pytest.mark.parametrize("place", ["s3://", "ftp://host/x", "http://models.example.org/"])
def test_a_source_that_makes_no_sense_is_a_mistake_in_the_settings(place: str) -> None:
    with pytest.raises(SettingsError):
        open_sources([place], {})
