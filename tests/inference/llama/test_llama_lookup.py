"""Guesses at how an answer goes on, from the prompt's own words."""

from collections.abc import Sequence

import pytest

from afirgen.inference.llama.lookup import Lookup

PROMPT = "On 3 March near Kamla Market two boys took my bag near Kamla Chowk and two boys ran".split(" ")
PIECES = [f" {word}" for word in PROMPT] + ['"', "Near", "near", "Kamla", "TWO", " x", ""]


def token(piece: str) -> int:
    return PIECES.index(piece)


def guess(*written: str, most: int = 3) -> list[str]:
    lookup = Lookup([token(f" {word}") for word in PROMPT], lambda t: PIECES[t].encode())
    return [PIECES[t] for t in lookup.guess([token(piece) for piece in written], most)]


def test_a_value_goes_on_as_the_prompt_does() -> None:
    assert guess(" my") == [" bag", " near", " Kamla"]
    assert guess('"', " my", most=1) == [" bag"]


def test_a_value_begins_without_a_space_and_in_its_own_capitals() -> None:
    assert guess('"', "TWO") == [" boys", " took", " my"]
    assert guess('"', "Near") == [" Kamla", " Market", " two"]


def test_the_longest_match_decides() -> None:
    assert guess(" bag", "near", " Kamla") == [" Chowk", " and", " two"]
    assert guess(" March", "near", " Kamla") == [" Market", " two", " boys"]


@pytest.mark.parametrize("written", [(), (" x",), ('"',), ('"', "Kamla"), (" ran",)])
def test_what_the_prompt_does_not_say_is_not_guessed(written: Sequence[str]) -> None:
    """Nothing written, no such word, a word that goes on in two ways, the last word of all."""
    assert guess(*written) == []


def test_no_more_than_asked_for() -> None:
    assert guess(" my", most=0) == []
    assert guess(" my", most=-2) == []
    assert guess(" boys", " ran", most=5) == []
    assert guess(" and", most=50) == [" two", " boys", " ran"]
