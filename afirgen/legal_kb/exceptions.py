"""General exceptions, joint liability and a victim's disability that a complaint hints at: notes for the officer."""

import re
from collections.abc import Sequence

from msgspec import Struct

from afirgen.case.law import Law


class _Exception(Struct, frozen=True):
    """Words that hint at it, what to consider, and the provisions in the BNS and the IPC."""

    words: re.Pattern[str]
    consider: str
    bns: str
    ipc: str


_EXCEPTIONS = (
    _Exception(
        re.compile(
            r"\bself[\s-]?defen[cs]e\b|\bto\s+(?:save|protect|defend)\s+(?:him|her|my)self\b|\bprivate\s+defen[cs]e\b"
            r"|आत्मरक्षा|बचाव\s+में|\baat?ma?\s*raksha\b|\bbachav\s+mei?n?\b|தற்காப்பு",
            re.IGNORECASE,
        ),
        "whether somebody acted in private defence",
        "34 to 44",
        "96 to 106",
    ),
    _Exception(
        re.compile(
            r"\b(?:unsound\s+mind|mentally\s+(?:ill|unstable|retarded|challenged|disturbed)|mental\s+(?:patient|illness)|"
            r"insane|lunatic)\b|मानसिक\s+(?:रूप|रोग|बीमार)|पागल|\b(?:pagal|mansik)\b|மனநல",
            re.IGNORECASE,
        ),
        "whether the accused was of unsound mind",
        "22",
        "84",
    ),
    _Exception(
        re.compile(
            r"\b(?:incited|instigated|provoked\s+(?:him|her|them)\s+to|on\s+(?:the\s+)?(?:instigation|instructions?|orders?)\s+of"
            r"|at\s+the\s+instance\s+of|told\s+(?:him|them)\s+to\s+(?:beat|kill|hit|attack))\b|उकसा|के\s+कहने\s+पर"
            r"|\b(?:uksa\w*|ke\s+kehne\s+par)\b|தூண்டி|தூண்டுத",
            re.IGNORECASE,
        ),
        "whether somebody abetted the offence",
        "45 to 56",
        "107 to 116",
    ),
    _Exception(
        re.compile(
            r"\b(?:tried|attempted|attempt)\s+to\s+(?:steal|snatch|rob|break|cheat|rape|kidnap|take|enter|burn|open)\b"
            r"|कोशिश|प्रयास|\bkoshish\b|முயன்ற|முயற்சி",
            re.IGNORECASE,
        ),
        "where the act was not completed, whether it is an attempt",
        "62",
        "511",
    ),
    _Exception(
        re.compile(
            r"\b(?:conspir\w+|hatched\s+a\s+(?:plan|plot)|in\s+(?:collusion|connivance)\s+with|hand\s+in\s+glove)\b"
            r"|षड्यंत्र|षडयंत्र|साजिश|साज़िश|मिलीभगत|\b(?:s(?:a|aa)zish|saajish|milibhagat|shadyantra)\b|சதித்?\s*திட்ட|கூட்டுச்?\s*சதி",
            re.IGNORECASE,
        ),
        "whether there was a criminal conspiracy",
        "61",
        "120A and 120B",
    ),
    _Exception(
        re.compile(
            r"\b(?:unlawful\s+assembly|common\s+object|(?:armed\s+|violent\s+)?mob)\b|भीड़\s+ने|उपद्रवी|\bbheed\s+ne\b|கும்பல்",
            re.IGNORECASE,
        ),
        "where five or more acted together, whether all answer as members of an unlawful assembly",
        "189 and 190",
        "141 and 149",
    ),
)
_DISABILITY = re.compile(
    r"\b(?:disab\w+|handicap\w*|deaf|dumb|mute|blind|wheel\s?chair|speech\s+impaired|hearing\s+impaired)\b"
    r"|दिव्यांग|विकलांग|गूंग|बहर|\b(?:divyang|viklang)\b|மாற்றுத்திறன்",
    re.IGNORECASE,
)
_DISABILITY_NOTE = (
    "If the victim of an offence against women is disabled, the information is recorded at home or a place of choice, "
    "with an interpreter or special educator, and filmed (BNSS 173(1), second proviso)."
)
_AGE = re.compile(
    r"\b(\d{1,2})[\s-]*(?:years?|yrs?|साल|वर्ष|வயது)|\b(?:aged?|age\s+of)\D{0,4}(\d{1,2})\b", re.IGNORECASE
)
_SEVEN, _TWELVE, _MAJORITY = 7, 12, 18


def exception_notes(text: str, accused: Sequence[str], law: Law) -> tuple[str, ...]:
    """Return what the officer should consider beside the sections.

    ``accused`` are the words in which the complaint describes them; a stated age below 18 there is pointed out
    (BNS 20 and 21; the Juvenile Justice Act 2015).
    """
    notes = [f"Consider {e.consider}, {_where(e.bns, e.ipc, law)}." for e in _EXCEPTIONS if e.words.search(text)]
    if _DISABILITY.search(text):
        notes.append(_DISABILITY_NOTE)
    ages = [int(m[1] or m[2]) for words in accused for m in _AGE.finditer(words)]
    if any(age < _SEVEN for age in ages):
        notes.append(f"An accused may be under 7 years: no offence, {_where('20', '82', law)}.")
    elif any(age < _TWELVE for age in ages):
        notes.append(f"An accused may be under 12 years: consider maturity, {_where('21', '83', law)}.")
    elif any(age < _MAJORITY for age in ages):
        notes.append("An accused may be under 18 years: the Juvenile Justice Act 2015 governs how to proceed.")
    return tuple(notes)


def _where(bns: str, ipc: str, law: Law) -> str:
    if law is Law.IPC:
        return f"IPC {ipc}"
    return f"BNS {bns}" if law is Law.BNS else f"BNS {bns} or IPC {ipc}"
