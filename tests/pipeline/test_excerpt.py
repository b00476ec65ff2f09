from afirgen.case.evidence import Transcript
from afirgen.pipeline.excerpt import SHORTENED, excerpt


class FourCharactersAToken:
    """Counts tokens as a model of 1,500 tokens of context does, roughly."""

    readable_languages = frozenset({"en"})
    context_tokens = 1500

    def count_tokens(self, text: str) -> int:
        return len(text) // 4


def test_a_complaint_that_fits_is_shown_whole() -> None:
    transcript = Transcript(text="He took my bag. I ran.", language="en")
    assert excerpt(transcript, FourCharactersAToken()) is transcript  # type: ignore[arg-type]


def test_a_longer_one_is_cut_after_a_sentence_and_says_so() -> None:
    text = "".join(f"Sentence number {n} ends here. " for n in range(100))
    shown = excerpt(Transcript(text=text, language="en"), FourCharactersAToken())  # type: ignore[arg-type]
    assert text.startswith(shown.text)
    assert shown.text.endswith("ends here.")
    assert 370 < len(shown.text) <= 400 + 3
    assert shown.notes == (SHORTENED,)


def test_one_endless_sentence_leaves_nothing_to_show() -> None:
    shown = excerpt(Transcript(text="x" * 9000, language="en"), FourCharactersAToken())  # type: ignore[arg-type]
    assert shown.text == ""
