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

# The same four events in each language, in its own words as far as it goes: borrowed words would give them away.
_TEXTS = {
    "en": (
        "At night two boys took my purse in the market and ran away. My sister saw it.",
        "In the morning a big vehicle hit my father on the road and he died there.",
        "My husband beats me with a stick every day and asks my parents for money.",
        "Yesterday our house burned down. My neighbour had set it on fire.",
    ),
    "hi": (
        "रात को बाज़ार में दो लड़के मेरा बटुआ छीनकर भाग गए। मेरी बहन ने देखा।",
        "सुबह सड़क पर एक बड़ी गाड़ी ने मेरे पिता को टक्कर मारी और वे वहीं मर गए।",
        "मेरा पति मुझे रोज़ डंडे से मारता है और मेरे माता-पिता से पैसे माँगता है।",
        "कल हमारा घर जल गया। मेरे पड़ोसी ने उसमें आग लगाई थी।",
    ),
    "hi-Latn": (
        "Raat ko bazaar mein do ladke mera batua chheen kar bhaag gaye. Meri behen ne dekha.",
        "Subah sadak par ek badi gaadi ne mere pita ko takkar maari aur ve wahin mar gaye.",
        "Mera pati mujhe roz dande se maarta hai aur mere maata-pita se paise maangta hai.",
        "Kal hamara ghar jal gaya. Mere padosi ne usmein aag lagayi thi.",
    ),
    "ta": (
        "இரவில் சந்தையில் இரண்டு பையன்கள் என் பணப்பையைப் பறித்துக்கொண்டு ஓடினார்கள். என் தங்கை பார்த்தாள்.",
        "காலையில் சாலையில் ஒரு பெரிய வண்டி என் தந்தையை மோதியது, அவர் அங்கேயே இறந்தார்.",
        "என் கணவர் தினமும் என்னைக் கம்பால் அடிக்கிறார், என் பெற்றோரிடம் பணம் கேட்கிறார்.",
        "நேற்று எங்கள் வீடு எரிந்தது. என் பக்கத்து வீட்டுக்காரர் தீ வைத்தார்.",
    ),
}


class _Round(Struct, frozen=True):
    """Two of the texts, and for each a question that is true of it and not of the other."""

    one: int
    other: int
    of_one: str
    of_other: str


_ROUNDS = (
    _Round(0, 1, "Was a purse taken?", "Did somebody die?"),
    _Round(2, 3, "Does a husband beat his wife?", "Did a house burn?"),
    _Round(0, 3, "Did a sister see it?", "Did a neighbour do it?"),
)
# A question must score this much higher on the text that it is true of. Comparing a question with itself leaves
# out how likely it sounds. The starter model's gaps are 3 and more in English and around 0 in what it cannot read.
_GAP = 1.0
_RECORD_TASK = "Fill the record: who_saw is the person who saw it."
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
    if not _passes(model, "en", _ROUNDS[0]) or not _fills_a_record(model):
        raise ModelUnavailableError(
            f"The language model {model.model_id} fails its known-answer check. "
            "Run `afirgen models verify`, or choose another model."
        )
    known = _recall(memory, model.model_id)
    if known is None:
        known = frozenset(code for code in _TEXTS if all(_passes(model, code, each) for each in _ROUNDS))
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
    return hashlib.sha256(msgspec.json.encode([model_id, _TEXTS, _ROUNDS, _GAP])).hexdigest()


def _passes(model: LoadedModel, language: str, asked: _Round) -> bool:
    questions = asked.of_one, asked.of_other
    one = _scores(model, _TEXTS[language][asked.one], questions)
    other = _scores(model, _TEXTS[language][asked.other], questions)
    return one[0] - other[0] >= _GAP and other[1] - one[1] >= _GAP


def _scores(model: LoadedModel, text: str, questions: tuple[str, ...]) -> list[float]:
    streams = [model.question(_QUESTION.format(question)) for question in questions]
    model.run(_SYSTEM, _SHARED.format(text), streams)
    return [stream.score for stream in streams if stream.score is not None]


def _fills_a_record(model: LoadedModel) -> bool:
    stream = model.answer(_RECORD_TASK, max_tokens=24, schema=_RECORD)
    model.run(_SYSTEM, _SHARED.format(_TEXTS["en"][0]), [stream])
    try:
        return "sister" in msgspec.json.decode("".join(stream.pieces), type=dict[str, str])["who_saw"].lower()
    except (msgspec.DecodeError, KeyError):
        return False
