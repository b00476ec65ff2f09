"""What the shipped offences say: sections, schedule entries and the script of every word."""

import json
import re
import unicodedata
from pathlib import Path

from afirgen.legal_kb.offences import OffenceBook
from afirgen.legal_kb.statutes import KnowledgeBase

SCRIPTS = {"en": "LATIN", "hi-Latn": "LATIN", "hi": "DEVANAGARI", "ta": "TAMIL"}


def test_sections_and_their_entries_are_in_the_schedule(book: OffenceBook, reference_data: Path) -> None:
    text = (reference_data / "bns_classification.jsonl").read_text(encoding="utf-8")
    listed = {(row["section"], row["entry"]) for row in map(json.loads, text.splitlines())}
    # These two stand in the schedule by their clauses alone; the entry counts among those.
    whole = {"238": ["238(a)", "238(b)", "238(c)"], "61(2)": ["61(2)(a)", "61(2)(b)"]}
    for offence in (o for o in book.offences if o.act == "BNS"):
        clauses = whole.get(offence.section)
        line = (clauses[offence.entry - 1], 1) if clauses else (offence.section, offence.entry)
        assert line in listed, offence.id


def test_bns_sections_are_in_the_act(book: OffenceBook, reference_data: Path) -> None:
    text = (reference_data / "bns_sections.jsonl").read_text(encoding="utf-8")
    numbers = {row["section"] for row in map(json.loads, text.splitlines())}
    assert {o.ref.base for o in book.offences if o.act == "BNS"} <= numbers


def test_sections_of_special_acts_are_loaded_themselves(book: OffenceBook, kb: KnowledgeBase) -> None:
    loaded = {s.ref for s in kb.sections()}
    special = [o for o in book.offences if o.act != "BNS"]
    assert special
    assert {o.ref for o in special} <= loaded
    assert all(kb.section(o.ref).statement for o in special)


def test_words_keep_to_their_own_script(book: OffenceBook) -> None:
    strange = [
        (offence.id, word)
        for offence in book.offences
        for language, words in offence.words.by_language()
        for word in words
        for sign in word
        if unicodedata.category(sign)[0] in "LM" and not unicodedata.name(sign).startswith(SCRIPTS[language])
    ]
    assert strange == []


def test_words_are_written_so_that_they_can_be_found(book: OffenceBook) -> None:
    """No list inside a word, a star only at a word's end, normal form, and nothing twice."""
    for offence in book.offences:
        for _, words in offence.words.by_language():
            assert len(set(words)) == len(words), offence.id
            for word in words:
                assert not re.search(r"[^\w\s\u0900-\u0963\u0b80-\u0bff*/'-]|\*\S|^\*|\s\*", word), (offence.id, word)
                assert word == unicodedata.normalize("NFC", word).strip(), (offence.id, word)


def test_hints_are_english_words(book: OffenceBook) -> None:
    assert [q for q, question in book.questions.items() if not question.hint.isascii()] == []
