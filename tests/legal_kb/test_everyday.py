"""Everyday words: where a word begins and ends in each script, star endings, and phrases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afirgen.legal_kb.everyday import hints_in, word_hits, words_found
from afirgen.legal_kb.offences import Offence, OffenceBook, Question, Words


def offence(*, en: tuple[str, ...] = (), hi: tuple[str, ...] = (), ta: tuple[str, ...] = ()) -> Offence:
    return Offence(id="it", section="1", name="It", all=("so",), words=Words(en=en, hi=hi, ta=ta))


@pytest.mark.parametrize(
    ("text", "word", "found"),
    [
        ("एक चोर आया", "चोर", True),
        ("चोर।", "चोर", True),
        ("“चोर”", "चोर", True),
        ("चोरी हो गई", "चोर", False),
        ("महाचोर", "चोर", False),
        ("चोरी हो गई", "चोर*", True),
        ("சிறுமி.", "சிறுமி", True),
        ("சிறுமியை", "சிறுமி", False),
        ("சிறுமியை", "சிறுமி*", True),
        ("கத்தியால்", "கத்த", False),
        ("Theft!", "theft", True),
        ("THEFT", "theft", True),
        ("thefts", "theft", False),
        ("thefts", "theft*", True),
        ("antitheft", "theft*", False),
    ],
)
def test_where_a_word_ends(text: str, word: str, *, found: bool) -> None:
    """A vowel sign, also one that is no letter to Unicode, belongs to the word before it."""
    assert (hints_in(text, word) > 0) is found


@pytest.mark.parametrize("text", ["पकड़ा", "पक\u095cा", "पक\u200dड़ा", "पक\u200cड़ा"])
def test_one_spelling_however_it_is_encoded(text: str) -> None:
    assert words_found(f"हाथ {text} था", offence(hi=("पकड़*",))) == ("पकड़*",)


def test_a_joiner_does_not_end_a_word() -> None:
    assert not hints_in("चोर\u200dी", "चोर")


@pytest.mark.parametrize(
    "text",
    ["He pulled my saree.", "pulled  my\n\nsaree", "pulled, my -- saree", "Pulled (my) saree", "pulled-my-saree"],
)
def test_a_phrase_runs_over_punctuation_and_line_breaks(text: str) -> None:
    assert words_found(text, offence(en=("pulled my saree",))) == ("pulled my saree",)


@pytest.mark.parametrize("text", ["pulled saree my", "pulled my old saree", "pulledmy saree", "pulled my sarees"])
def test_a_phrase_keeps_its_words_and_order(text: str) -> None:
    assert words_found(text, offence(en=("pulled my saree",))) == ()


def test_a_star_inside_a_phrase_opens_that_word_alone() -> None:
    phrase = offence(en=("demand* money from",))
    assert words_found("They were demanding\nmoney from us", phrase)
    assert not words_found("They demand moneys from us", phrase)


def test_phrases_in_indic_scripts() -> None:
    found = words_found("उसने हाथ, पकड़ा। ஆடையைக்\nகிழித்தான்", offence(hi=("हाथ पकड़*",), ta=("ஆடையைக் கிழித்*",)))
    assert found == ("हाथ पकड़*", "ஆடையைக் கிழித்*")


def test_each_word_counts_once_and_absent_offences_are_left_out() -> None:
    other = Offence(id="other", section="2", name="Other", all=("so",), words=Words(en=("fire",)))
    book = OffenceBook([offence(en=("theft", "thief")), other], {"so": Question(text="Is it?", ask="Is it?")})
    assert word_hits("A theft, a theft, a thief.", book) == {"it": 2}
    assert word_hits("", book) == {}


def test_hints_are_counted_once_each() -> None:
    assert hints_in("rod, rod and a stick", "rod, stick*, knife") == 2
    assert hints_in("He locked me in.", "locked me, lock me, tied") == 1
    assert hints_in("rod", "") == 0


@given(st.text(max_size=60), st.sampled_from(["x.y", "(a", "[z]*", "a+b", "50%"]))
def test_signs_in_a_word_list_are_plain_text(text: str, word: str) -> None:
    assert not hints_in(text.translate({ord(c): None for c in word.rstrip("*")}), word)


@given(st.text(max_size=40), st.text(max_size=40))
def test_a_word_stands_alone_whatever_is_around_it(before: str, after: str) -> None:
    assert hints_in(f"{before} चाकू {after}", "चाकू")
