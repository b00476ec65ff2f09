"""Step: the narrative for item 12, the informant's statement in reported speech, nothing added, nothing lost."""

import re

from afirgen.case.evidence import Span, Transcript
from afirgen.case.facts import Facts, Field
from afirgen.case.fir import Prose, Sentence, SentenceKind
from afirgen.case.reported_speech import speaks_in_first_person, strip_salutation, to_third_person
from afirgen.case.sentences import sentences

ADDRESSEE = re.compile(
    r"^\s*(?:To\b[,.]?|The\s+(?:SHO|Station|Inspector|Officer)|सेवा\s+में|श्रीमान|थाना\s+प्रभारी|மதிப்பிற்குரிய|பெறுநர்)"
)
_ADDRESSEE_LENGTH = 120
# The program's own words in a narrative; everything else is the informant's.
OPENING = "The informant, {}, stated as follows."
IN_OWN_WORDS = 'In the informant\'s words: "{}"'
FRAME_PHRASES = (OPENING, IN_OWN_WORDS, "The informant's and others")
_STOP_WORDS_ONLY = re.compile(r"^[\W_]*(?:sir|madam|respected|dear|ji|महोदय|महोदया|ஐயா)?[\W_]*$", re.IGNORECASE)


def narrate(transcript: Transcript, facts: Facts) -> Prose:
    """Write the statement in the third person, sentence by sentence, in the informant's order.

    English sentences get "the informant" for "I". A sentence that the rules are not sure of, and every
    sentence in another language, stands in the informant's own words in quotation marks.
    """
    name = facts.informant.name
    out = [_opening(name)] if name else []
    english = transcript.language == "en"
    for span in sentences(transcript.text):
        text = transcript.quote(span)
        if _is_address(text, span) or _STOP_WORDS_ONLY.match(text):
            continue
        out.append(_sentence(text, span, english=english))
    notes = () if english else ("The statement is given in the informant's own words.",)
    return Prose(sentences=tuple(out), notes=notes)


def _sentence(text: str, span: Span, *, english: bool) -> Sentence:
    spoken = strip_salutation(" ".join(text.split()))
    if english and not speaks_in_first_person(spoken):
        return Sentence(text=spoken, kind=SentenceKind.VERBATIM, spans=(span,))
    rewritten = to_third_person(spoken) if english else None
    if rewritten is not None:
        return Sentence(text=rewritten, kind=SentenceKind.REWRITTEN, spans=(span,))
    return Sentence(text=_quoted(spoken, english=english), kind=SentenceKind.VERBATIM, spans=(span,))


def _quoted(text: str, *, english: bool) -> str:
    inner = text.replace('"', "'")
    return IN_OWN_WORDS.format(inner) if english else f"“{text}”"


def _opening(name: Field) -> Sentence:
    return Sentence(
        text=OPENING.format(name.value),
        kind=SentenceKind.REWRITTEN,
        spans=(name.span,) if name.span else (),
    )


def _is_address(text: str, span: Span) -> bool:
    """Tell whether the sentence only names the officer written to."""
    return span.start < _ADDRESSEE_LENGTH and len(text) <= _ADDRESSEE_LENGTH and ADDRESSEE.match(text) is not None
