"""Known answers that a language model must give before it is trusted, and the languages that it reads."""

import hashlib
from pathlib import Path

import msgspec
import structlog
from msgspec import Struct

from afirgen.errors import ModelUnavailableError
from afirgen.inference.llama.loaded import LoadedModel

_log = structlog.get_logger(__name__)
_SYSTEM = "You answer from the text alone."
_SHARED = "Text: {}\n\n"
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
_RECORD_TASK = "Fill the record: who_saw is the first name of the person who saw it."
_RECORD = {
    "type": "object",
    "properties": {"who_saw": {"type": "string", "maxLength": 20}},
    "required": ["who_saw"],
    "additionalProperties": False,
}


def check_language_model(model: LoadedModel, *, memory: Path | None = None) -> frozenset[str]:
    """Ask the known questions; return the languages read right.

    English and the record are asked at every load. What the model reads besides does not change as long as its
    file does not, so that is kept in ``memory`` when given.

    Raises:
        ModelUnavailableError: The model fails in English or cannot fill a one-field record.
    """
    if not _passes(model, "en") or not _fills_a_record(model):
        raise ModelUnavailableError(
            f"The language model {model.model_id} fails its known-answer check. "
            "Run `afirgen models verify`, or choose another model."
        )
    known = _recall(memory, model.model_id)
    if known is None:
        known = frozenset(code for code in _PROBES if code != "en" and _passes(model, code))
        _keep(memory, model.model_id, known)
    return known | {"en"}


class _Memory(Struct, frozen=True):
    probes: str
    languages: frozenset[str]


def _recall(memory: Path | None, model_id: str) -> frozenset[str] | None:
    try:
        kept = msgspec.json.decode(memory.read_bytes(), type=_Memory) if memory else None
    except (OSError, msgspec.DecodeError):
        return None
    return kept.languages if kept and kept.probes == _fingerprint(model_id) else None


def _keep(memory: Path | None, model_id: str, languages: frozenset[str]) -> None:
    if memory is None:
        return
    try:
        memory.write_bytes(msgspec.json.encode(_Memory(_fingerprint(model_id), languages)))
    except OSError as err:
        # A read-only model folder costs a second at each load and nothing else.
        _log.warning("languages_not_kept", problem=str(err))


def _fingerprint(model_id: str) -> str:
    """Name this model with this set of questions, so that another of either is asked anew."""
    return hashlib.sha256(msgspec.json.encode([model_id, _PROBES, _CONTRAST])).hexdigest()


def _passes(model: LoadedModel, language: str) -> bool:
    return _reads(model, _PROBES[language]) and _reads(model, _CONTRAST[language])


def _reads(model: LoadedModel, probe: _Probe) -> bool:
    streams = [model.question(_QUESTION.format(q)) for q in (*probe.true, *probe.false)]
    model.run(_SYSTEM, _SHARED.format(probe.text), streams)
    scores = [s.score for s in streams if s.score is not None]
    true, false = scores[: len(probe.true)], scores[len(probe.true) :]
    won = [t - f > _MARGIN for t in true for f in false]
    return sum(won) >= _PAIRS_WON * len(won)


def _fills_a_record(model: LoadedModel) -> bool:
    stream = model.answer(_RECORD_TASK, max_tokens=24, schema=_RECORD)
    model.run(_SYSTEM, _SHARED.format(_PROBES["en"].text), [stream])
    try:
        return "Rita" in msgspec.json.decode("".join(stream.pieces), type=dict[str, str])["who_saw"]
    except (msgspec.DecodeError, KeyError):
        return False
