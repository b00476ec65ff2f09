"""What of a very long complaint the language model can be shown: its beginning, whole sentences."""

from bisect import bisect_right

from msgspec import structs

from afirgen.case.evidence import Transcript
from afirgen.case.sentences import sentences
from afirgen.pipeline.model_port import LanguageModel

# Kept free for the question or task, the answer and the chat frame around them.
_RESERVED_TOKENS = 1400
SHORTENED = "The complaint is longer than the language model reads at once; its last part was checked by rule only."


def excerpt(transcript: Transcript, model: LanguageModel) -> Transcript:
    """Return ``transcript``, cut after the last sentence that still fits the model and then with a note.

    The text returned is a beginning of the whole, so places in it are places in the whole.
    """
    budget = model.context_tokens - _RESERVED_TOKENS
    if model.count_tokens(transcript.text) <= budget:
        return transcript
    ends = [s.end for s in sentences(transcript.text)]
    fitting = bisect_right(ends, budget, key=lambda end: model.count_tokens(transcript.text[:end]))
    text = transcript.text[: ends[fitting - 1]] if fitting else ""
    return structs.replace(transcript, text=text, notes=(*transcript.notes, SHORTENED))
