import asyncio
import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import chromadb
import numpy as np
import pytest

from afirgen.case.law import SectionRef
from afirgen.errors import StorageError
from afirgen.legal_kb.index import Index, fingerprint_of, is_current, open_index
from afirgen.legal_kb.passages import Passage, PassageKind
from afirgen.legal_kb.vectors import Vector, VectorCache

pytestmark = pytest.mark.anyio
DIMENSIONS = 24


class CountingEmbedder:
    """Stands for any embedder: what is tested here is when it is asked, not what it answers."""

    def __init__(self, *, embedder_id: str = "counting-1", fails_after: int | None = None) -> None:
        self.embedder_id = embedder_id
        self.asked: list[str] = []
        self._fails_after = fails_after

    async def embed(self, texts: Sequence[str], *, kind: str) -> Vector:
        assert kind == "passage"
        await asyncio.sleep(0)
        if self._fails_after is not None and len(self.asked) >= self._fails_after:
            raise RuntimeError("stopped")
        self.asked += texts
        return np.array([vector(text) for text in texts])


def vector(text: str) -> Vector:
    digest = hashlib.sha256(text.encode()).digest()[:DIMENSIONS]
    row = np.frombuffer(digest, dtype=np.uint8).astype(np.float32)
    unit: Vector = row / np.linalg.norm(row)
    return unit


def passages(count: int = 50, *, word: str = "passage") -> tuple[Passage, ...]:
    return tuple(
        Passage(section=SectionRef("BNS", str(n)), kind=PassageKind.TITLE, text=f"{word} चोरी {n}")
        for n in range(count)
    )


def folders(path: Path) -> list[Path]:
    return [p for p in path.iterdir() if p.is_dir()]


def assert_holds(index: Index, expected: tuple[Passage, ...]) -> None:
    assert index.passages == expected
    assert np.allclose(index.vectors, [vector(p.text) for p in expected])


async def test_built_once_then_read_from_chroma(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    told: list[tuple[int, int]] = []
    first = await open_index(tmp_path, passages(), embedder, on_progress=lambda done, total: told.append((done, total)))
    assert_holds(first, passages())
    assert told[-1] == (50, 50)
    assert told == sorted(told)
    asked = len(embedder.asked)
    assert_holds(await open_index(tmp_path, passages(), embedder), passages())
    assert len(embedder.asked) == asked
    (folder,) = folders(tmp_path)
    stored = chromadb.PersistentClient(str(folder)).get_collection("statutes", embedding_function=None)
    assert stored.count() == 50
    assert stored.query(query_embeddings=[vector("passage चोरी 7")], n_results=1)["documents"] == [["passage चोरी 7"]]


async def test_a_changed_corpus_embeds_only_what_is_new(tmp_path: Path) -> None:
    await open_index(tmp_path, passages(50), CountingEmbedder())
    embedder = CountingEmbedder()
    changed = (*passages(50)[5:], *passages(2, word="new"))
    assert_holds(await open_index(tmp_path, changed, embedder), changed)
    assert {t for t in embedder.asked if t.startswith("new")} == {p.text for p in changed[-2:]}
    assert len(embedder.asked) == 3, "one text to learn the width, and the two new ones"
    assert len(folders(tmp_path)) == 1


async def test_another_embedder_starts_anew(tmp_path: Path) -> None:
    await open_index(tmp_path, passages(), CountingEmbedder())
    other = CountingEmbedder(embedder_id="counting-2")
    assert not is_current(tmp_path, passages(), other.embedder_id)
    await open_index(tmp_path, passages(), other)
    assert set(other.asked) == {p.text for p in passages()}
    assert is_current(tmp_path, passages(), other.embedder_id)


def cut_every_file(folder: Path) -> None:
    for path in folder.rglob("*"):
        if path.is_file():
            path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scramble_database(folder: Path) -> None:
    path = folder / "chroma.sqlite3"
    data = bytearray(path.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    path.write_bytes(data)


def scramble_one_vector_file(folder: Path) -> None:
    path = next(folder.rglob("data_level0.bin"))
    path.write_bytes(b"\0" * path.stat().st_size)


def empty_database(folder: Path) -> None:
    (folder / "chroma.sqlite3").write_bytes(b"")


def forget_pointer(folder: Path) -> None:
    (folder.parent / "current.json").write_text("{", encoding="utf-8")


@pytest.mark.parametrize(
    "damage",
    [shutil.rmtree, cut_every_file, scramble_database, scramble_one_vector_file, empty_database, forget_pointer],
)
async def test_a_damaged_index_is_built_again_without_asking_the_model(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    await open_index(tmp_path, passages(), CountingEmbedder())
    damage(folders(tmp_path)[0])
    embedder = CountingEmbedder()
    assert_holds(await open_index(tmp_path, passages(), embedder), passages())
    assert len(embedder.asked) <= 1


async def test_a_stopped_build_leaves_the_old_index_and_goes_on_later(tmp_path: Path) -> None:
    await open_index(tmp_path, passages(), CountingEmbedder())
    new = passages(80, word="new")
    stopped = CountingEmbedder(fails_after=40)
    with pytest.raises(RuntimeError, match="stopped"):
        await open_index(tmp_path, new, stopped)
    untouched = CountingEmbedder()
    assert_holds(await open_index(tmp_path, passages(), untouched), passages())
    assert untouched.asked == []
    with_rest = CountingEmbedder()
    assert_holds(await open_index(tmp_path, new, with_rest), new)
    assert 0 < len(with_rest.asked) < 60


async def test_leftovers_of_a_crash_are_cleared(tmp_path: Path) -> None:
    (tmp_path / "half-made").mkdir()
    (tmp_path / "half-made" / "chroma.sqlite3").write_bytes(b"half")
    await open_index(tmp_path, passages(), CountingEmbedder())
    assert not (tmp_path / "half-made").exists()


async def test_only_one_of_many_builds(tmp_path: Path) -> None:
    embedder = CountingEmbedder()
    found = await asyncio.gather(*(open_index(tmp_path, passages(), embedder) for _ in range(3)))
    for index in found:
        assert_holds(index, passages())
    assert len(embedder.asked) == 51


async def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StorageError, match="data folder"):
        await open_index(tmp_path / "file" / "index", passages(), CountingEmbedder())


def test_the_fingerprint_covers_everything_that_shapes_the_index() -> None:
    base = passages(2)
    prints = {
        fingerprint_of(base, "a"),
        fingerprint_of(base, "b"),
        fingerprint_of(base[:1], "a"),
        fingerprint_of(base[::-1], "a"),
        fingerprint_of(passages(2, word="other"), "a"),
    }
    assert len(prints) == 5
    assert fingerprint_of(passages(2), "a") in prints


def cache(path: Path, embedder_id: str = "e") -> VectorCache:
    return VectorCache(path, embedder_id=embedder_id, dimensions=DIMENSIONS)


def kept(path: Path, texts: Sequence[str]) -> list[str]:
    reader = cache(path)
    return [t for t in texts if (row := reader.get(t)) is not None and np.array_equal(row, vector(t))]


def test_a_torn_record_is_dropped_and_written_over(tmp_path: Path) -> None:
    path = tmp_path / "vectors.bin"
    cache(path).add({t: vector(t) for t in "abc"})
    path.write_bytes(path.read_bytes()[:-5])
    assert kept(path, "abc") == ["a", "b"]
    cache(path).add({"d": vector("d")})
    assert kept(path, "abcd") == ["a", "b", "d"]


def test_a_flipped_bit_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "vectors.bin"
    cache(path).add({t: vector(t) for t in "abc"})
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)
    assert kept(path, "abc") == ["a", "b"]


def test_another_embedders_file_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "vectors.bin"
    cache(path, "other").add({"a": vector("a")})
    assert kept(path, "a") == []
    cache(path).add({"b": vector("b")})
    assert kept(path, "ab") == ["b"]


def test_what_is_no_longer_wanted_is_forgotten(tmp_path: Path) -> None:
    path = tmp_path / "vectors.bin"
    writer = cache(path)
    writer.add({t: vector(t) for t in "abc"})
    writer.keep_only("ac")
    writer.add({"d": vector("d")})
    assert kept(path, "abcd") == ["a", "c", "d"]
