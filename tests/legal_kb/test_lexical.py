import unicodedata

import pytest

from afirgen.legal_kb.lexical import Bm25, terms_of


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Stolen mobiles, snatching!", ["stolen", "mobil", "snatch"]),
        ("मेरी गाड़ी चोरी हुई।", ["मेरी", "गाड़ी", "चोरी", "हुई"]),
        ("என் பர்ஸை திருடினார்", ["என்", "பர்ஸை", "திருடினார்"]),
        ("303(2) 5,000", ["303", "2", "5", "000"]),
        ("_ - ।", []),
    ],
)
def test_terms_keep_whole_words_of_every_script(text: str, terms: list[str]) -> None:
    # The composed letter ड़ is stored as two characters in the normal form.
    assert terms_of(text) == [unicodedata.normalize("NFC", t) for t in terms]


def test_the_document_with_the_rare_word_wins() -> None:
    scores = Bm25(["theft of a phone", "theft of a chain by snatching", "cheating by phone"]).scores("chain theft")
    assert scores.argmax() == 1
    assert scores[0] > 0
    assert scores[2] == 0


def test_a_repeated_query_word_counts_once() -> None:
    words = Bm25(["theft", "robbery"])
    assert words.scores("theft theft").tolist() == words.scores("theft").tolist()


def test_no_documents_and_no_words() -> None:
    assert Bm25([]).scores("theft").tolist() == []
    assert Bm25(["", "theft"]).scores("").tolist() == [0.0, 0.0]
