from hypothesis import given
from hypothesis import strategies as st

from afirgen.case.evidence import Transcript
from afirgen.case.facts import Facts
from afirgen.case.fir import SentenceKind
from afirgen.case.sentences import sentences
from afirgen.pipeline.informant import read_informant
from afirgen.pipeline.narrate import narrate
from afirgen.pipeline.summarise import summarise

COMPLAINT = (
    "To the Officer in Charge, PS Fort.\n\nSir, I am Anil Rao s/o Hari Rao. On 12.03.2025 I parked my motorcycle near "
    "the bank. A man took it and told if you shout I will hit you. Ravi saw him."
)


def english(text: str) -> Transcript:
    return Transcript(text=text, language="en")


def test_the_statement_is_told_in_the_third_person() -> None:
    prose = narrate(english(COMPLAINT), Facts(informant=read_informant(COMPLAINT)))
    assert prose.text == (
        "The informant, Anil Rao, stated as follows. The informant is Anil Rao s/o Hari Rao. "
        "On 12.03.2025 the informant parked the informant's motorcycle near the bank. "
        'In the informant\'s words: "A man took it and told if you shout I will hit you." Ravi saw him.'
    )


def test_every_sentence_says_where_it_comes_from() -> None:
    transcript = english(COMPLAINT)
    for sentence in narrate(transcript, Facts()).sentences:
        assert sentence.spans
        if sentence.kind is SentenceKind.VERBATIM:
            assert transcript.quote(sentence.spans[0]).split()[-1].strip('."') in sentence.text


def test_hindi_stays_in_the_informants_own_words() -> None:
    text = "मेरा नाम कमला है। मेरा पर्स छीन लिया।"
    prose = narrate(Transcript(text=text, language="hi"), Facts())
    assert [s.text for s in prose.sentences] == ["“मेरा नाम कमला है।”", "“मेरा पर्स छीन लिया।”"]
    assert prose.notes


@given(st.lists(st.sampled_from(["I saw him.", "He took Rs 500.", "We ran home.", "You will see.", "Mob 9812345670."])))
def test_no_sentence_of_the_statement_is_lost(parts: list[str]) -> None:
    text = " ".join(["Something happened.", *parts])
    told = narrate(english(text), Facts())
    assert [s.spans[0] for s in told.sentences] == list(sentences(text))


def test_the_summary_is_made_of_narrative_sentences_in_their_order() -> None:
    narrative = narrate(english(COMPLAINT), Facts())
    summary = summarise(narrative, ())
    positions = [narrative.sentences.index(s) for s in summary.sentences]
    assert positions == sorted(positions)
    assert 0 < len(positions) <= 4
