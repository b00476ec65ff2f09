"""Step: the summary, the few sentences of the statement that hold most of its facts, in reported speech.

It is chosen, not generated: the starter model's own summaries turned facts round (the buyer of goods became
the seller, the informant the thief) in ways that no check of words and numbers can see.
"""

import re

from afirgen.case.evidence import Span
from afirgen.case.fir import Prose, Sentence

_SENTENCES = 4
# An act of harm weighs as much as a stated fact.
_ACT = re.compile(
    r"\b(?:stole\w*|theft|snatch\w*|rob\w*|broke\w*|beat\w*|hit|kick\w*|push\w*|stab\w*|kill\w*|murder\w*|threat\w*|abus\w*|"
    r"cheat\w*|fraud\w*|forg\w*|fake|missing|kidnap\w*|took|taken|dash\w*|fire[ds]?|burn\w*|lock\w*|rap\w*|force\w*|touch\w*|"
    r"follow\w*|damag\w*|misappropriat\w*|dead|died|injur\w*|fractur\w*|blood|deduct\w*|debit\w*)\b"
    r"|चोरी|छीन|मार|धमकी|टूट|कट\s+गए|लूट|अपहरण|बलात्कार|ठग|गाली|திருட|உடை|அடி|மிரட்ட",
    re.IGNORECASE,
)
_REQUEST = re.compile(r"^(?:kindly|please|request|so\s+kindly|mob|ph|phone)\b", re.IGNORECASE)


def summarise(narrative: Prose, fact_spans: tuple[Span, ...]) -> Prose:
    """Choose up to four sentences of ``narrative``, in its order, by the facts and acts that they tell.

    ``fact_spans`` are the places in the complaint that the extracted facts rest on.
    """
    told = [s for s in narrative.sentences[1:] or narrative.sentences if not _REQUEST.match(s.text)]
    chosen = sorted(told, key=lambda s: _weight(s, fact_spans), reverse=True)[:_SENTENCES]
    return Prose(sentences=tuple(s for s in told if s in chosen), notes=narrative.notes)


def _weight(sentence: Sentence, fact_spans: tuple[Span, ...]) -> tuple[int, int]:
    facts = sum(any(s.start <= f.start < s.end for s in sentence.spans) for f in fact_spans)
    return facts + len({m.casefold() for m in _ACT.findall(sentence.text)}), len(sentence.text)
