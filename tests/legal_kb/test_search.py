from collections.abc import AsyncIterator

import numpy as np
import pytest

from afirgen.case.law import SectionRef
from afirgen.inference.embed import EmbedEngine
from afirgen.legal_kb.index import open_index
from afirgen.legal_kb.offences import load_offences
from afirgen.legal_kb.passages import passages_of
from afirgen.legal_kb.search import StatuteSearch
from afirgen.legal_kb.statutes import BNS, KnowledgeBase, load_knowledge_base

pytestmark = [pytest.mark.anyio, pytest.mark.models]

# Few enough that the index is built in a second or two.
NUMBERS = ("2", "34", "64", "85", "103", "106", "303", "304", "318")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def kb() -> KnowledgeBase:
    full = load_knowledge_base()
    return KnowledgeBase(
        [full.section(SectionRef(BNS, n)) for n in NUMBERS],
        [entry for entry in full.scheduled() if entry.section.base in NUMBERS],
    )


@pytest.fixture(scope="module")
async def search(kb: KnowledgeBase, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[StatuteSearch]:
    engine = EmbedEngine()
    engine.start()
    await engine.ready()
    words = [
        w for w in load_offences(load_knowledge_base()).everyday() if w.section.act == BNS and w.section.base in NUMBERS
    ]
    index = await open_index(tmp_path_factory.mktemp("index"), passages_of(kb, words), engine)
    yield StatuteSearch(index, engine, kb)
    engine.stop()


@pytest.mark.parametrize(
    ("complaint", "number"),
    [
        ("Two boys on a scooter came from behind, tore the chain off my neck and sped off.", "304"),
        ("A man said on the phone that he is from my bank, took the code and Rs 45,000 went from my account.", "318"),
        ("The truck was driven fast and carelessly and hit my brother's cycle. He died on the way.", "106"),
        ("मेरे पति और सास दहेज के लिए रोज मारपीट करते हैं।", "85"),
        ("Bazaar me kisi ne meri jeb se purse nikal liya, usme 4000 rupye the.", "303"),
        ("என் பைக்கை வீட்டு வாசலில் நிறுத்தியிருந்தேன், காலையில் காணவில்லை, யாரோ திருடிவிட்டார்கள்.", "303"),
    ],
)
async def test_complaints_in_several_languages_find_their_section(
    search: StatuteSearch, complaint: str, number: str
) -> None:
    found = await search.search(complaint, limit=3)
    assert SectionRef(BNS, number) in {c.section for c in found}


async def test_definitions_and_exceptions_are_no_candidates(search: StatuteSearch) -> None:
    found = await search.search("It was private defence of the body.", limit=100)
    assert {c.section.number for c in found} == set(NUMBERS) - {"2", "34"}
    assert [c.score for c in found] == sorted((c.score for c in found), reverse=True)


async def test_the_same_words_give_the_same_answer(search: StatuteSearch) -> None:
    text = "My phone was snatched."
    first = await search.search(text)
    assert await search.search(text) is not None
    assert (await search.search(text))[:5] == (await search.search(text, limit=5)) == first[:5]


async def test_the_last_sentence_of_a_long_complaint_counts(search: StatuteSearch) -> None:
    filler = " ".join(f"On day {n} I went to the market and came back in the evening as usual." for n in range(60))
    found = await search.search(f"{filler} My husband and his mother beat me because I brought no dowry.", limit=2)
    assert SectionRef(BNS, "85") in {c.section for c in found}


@pytest.mark.parametrize("text", ["", " ", "?", "303", "\0", "a" * 2000])
async def test_odd_queries_are_answered(search: StatuteSearch, text: str) -> None:
    found = await search.search(text, limit=3)
    assert len(found) == 3
    assert all(np.isfinite(c.score) for c in found)
