from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from afirgen.case.sentences import sentence_at, sentences


def split(text: str) -> list[str]:
    return [text[s.start : s.end] for s in sentences(text)]


def test_abbreviations_do_not_end_a_sentence() -> None:
    text = "I paid Rs. 500 to Mr. K. Nair of M/s Rao. He left."
    assert split(text) == ["I paid Rs. 500 to Mr. K. Nair of M/s Rao.", "He left."]


def test_hindi_and_tamil_sentences() -> None:
    assert split("मैं घर गया। ताला टूटा था।") == ["मैं घर गया।", "ताला टूटा था।"]
    assert split("நான் வந்தேன். கதவு உடைந்தது.") == ["நான் வந்தேன்.", "கதவு உடைந்தது."]


@given(st.text(max_size=300))
def test_no_character_that_is_not_white_space_is_lost(text: str) -> None:
    spans = sentences(text)
    covered = "".join(text[s.start : s.end] for s in spans)
    assert "".join(covered.split()) == "".join(text.split())
    assert all(a.end <= b.start for a, b in pairwise(spans))


def test_sentence_at_finds_the_cover() -> None:
    text = "One. Two."
    spans = sentences(text)
    assert sentence_at(spans, 6) == spans[1]
    assert sentence_at(spans, 4) is None


def test_a_line_broken_by_the_margin_goes_on() -> None:
    page = "To\nThe Station House Officer\n\nOn 06.05.2025 I got a call from a man who said that\nmy card will be closed today. I\nbelieved him.\nPhone 9412098765"
    assert [" ".join(s.split()) for s in split(page)] == [
        "To",
        "The Station House Officer",
        "On 06.05.2025 I got a call from a man who said that my card will be closed today.",
        "I believed him.",
        "Phone 9412098765",
    ]
