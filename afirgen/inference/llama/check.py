"""Known answers that a language model must give before it is trusted, and the languages that it reads."""

import hashlib
from pathlib import Path

import msgspec
from msgspec import Struct

from afirgen.errors import ModelUnavailableError
from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.constrain import Constraint
from afirgen.inference.llama.engine import LlamaEngine
from afirgen.inference.llama.streams import Job, Stream

_SYSTEM = "You answer from the text alone."
_QUESTION = "{} Answer Yes or No."


class _Probe(Struct, frozen=True):
    """A short text in a language, questions about it that are true, and questions that are not."""

    text: str
    true: tuple[str, ...]
    false: tuple[str, ...]


_TRUE = ("Was something taken?", "Did it happen at night?", "Did a woman see it?")
_FALSE = ("Was somebody killed?", "Did a house burn?", "Was a car driven into somebody?")
_PROBES = {
    "en": _Probe("At night a boy ran off with my purse from the shop. My sister Rita saw him.", _TRUE, _FALSE),
    "hi": _Probe("रात को एक लड़का दुकान से मेरा पर्स लेकर भाग गया। मेरी बहन रीता ने उसे देखा।", _TRUE, _FALSE),
    "hi-Latn": _Probe(
        "Raat ko ek ladka dukaan se mera purse lekar bhaag gaya. Meri behen Rita ne use dekha.", _TRUE, _FALSE
    ),
    "ta": _Probe("இரவில் ஒரு பையன் கடையில் என் பணப்பையை எடுத்துக்கொண்டு ஓடினான். என் தங்கை ரீட்டா பார்த்தாள்.", _TRUE, _FALSE),
}
_CONTRAST = {
    "en": _Probe(
        "In the morning a lorry hit a man on the road and he died.", ("Did somebody die?",), ("Was a purse taken?",)
    ),
    "hi": _Probe(
        "सुबह सड़क पर एक ट्रक ने एक आदमी को टक्कर मारी और वह मर गया।", ("Did somebody die?",), ("Was a purse taken?",)
    ),
    "hi-Latn": _Probe(
        "Subah sadak par ek truck ne ek aadmi ko takkar maari aur woh mar gaya.",
        ("Did somebody die?",),
        ("Was a purse taken?",),
    ),
    "ta": _Probe("காலையில் சாலையில் ஒரு லாரி ஒருவரை மோதியது, அவர் இறந்தார்.", ("Did somebody die?",), ("Was a purse taken?",)),
}
# Each true question must score above each false one by this margin of logits, save one pair in ten.
_MARGIN = 0.3
_PAIRS_WON = 0.9
_RECORD = {
    "type": "object",
    "properties": {"who_saw": {"type": "string", "maxLength": 20}},
    "required": ["who_saw"],
    "additionalProperties": False,
}


def check_language_model(engine: LlamaEngine, *, memory: Path | None = None) -> frozenset[str]:
    """Ask the known questions; return the languages read right.

    English and the record are asked at every load. What the model reads besides does not change as long as its
    file does not, so that is kept in ``memory`` when given.

    Raises:
        ModelUnavailableError: The model fails in English or cannot fill a one-field record.
    """
    if not _passes(engine, "en") or not _fills_a_record(engine):
        raise ModelUnavailableError(
            f"The language model {engine.status().model} fails its known-answer check. "
            "Run `afirgen models verify`, or choose another model."
        )
    known = _recall(memory)
    if known is None:
        known = frozenset(code for code in _PROBES if _passes(engine, code))
        if memory:
            memory.write_bytes(msgspec.json.encode({"probes": _fingerprint(), "languages": sorted(known)}))
    return known | {"en"}


class _Memory(Struct, frozen=True):
    probes: str
    languages: frozenset[str]


def _recall(memory: Path | None) -> frozenset[str] | None:
    try:
        kept = msgspec.json.decode(memory.read_bytes(), type=_Memory) if memory else None
    except (OSError, msgspec.DecodeError):
        return None
    return kept.languages if kept and kept.probes == _fingerprint() else None


def _fingerprint() -> str:
    """Name this set of questions, so that another set is asked anew."""
    return hashlib.sha256(msgspec.json.encode([_PROBES, _CONTRAST])).hexdigest()


def _passes(engine: LlamaEngine, language: str) -> bool:
    return _reads(engine, _PROBES[language]) and _reads(engine, _CONTRAST[language])


def _reads(engine: LlamaEngine, probe: _Probe) -> bool:
    scores = _scores(engine, probe.text, (*probe.true, *probe.false))
    true, false = scores[: len(probe.true)], scores[len(probe.true) :]
    won = [t - f > _MARGIN for t in true for f in false]
    return sum(won) >= _PAIRS_WON * len(won)


def _scores(engine: LlamaEngine, text: str, questions: tuple[str, ...]) -> list[float]:
    streams = [Stream(engine.task_tokens(_QUESTION.format(q)), 0) for q in questions]
    _run(engine, text, streams)
    return [s.score for s in streams if s.score is not None]


def _fills_a_record(engine: LlamaEngine) -> bool:
    stream = Stream(engine.task_tokens("Fill the record: who_saw is the first name of the person who saw it."), 24)
    stream.constraint = Constraint(engine.constraint_tokenizer, _RECORD)
    engine.feed_opening(stream)
    _run(engine, _PROBES["en"].text, [stream])
    try:
        return "Rita" in msgspec.json.decode("".join(stream.pieces), type=dict[str, str])["who_saw"]
    except (msgspec.DecodeError, KeyError):
        return False


def _run(engine: LlamaEngine, text: str, streams: list[Stream]) -> None:
    failures: list[Exception] = []
    job = Job(
        number=0,
        priority=0,
        prefix=engine.prefix_tokens(_SYSTEM, f"Text: {text}\n\n"),
        streams=streams,
        settle=lambda error: failures.append(error) if error else None,
        cancel=CancelToken(),
        deadline=None,
    )
    engine.ask_now([job])
    if failures:
        raise failures[0]
