"""Word and character error rates of transcripts, fair to Indic scripts."""

import re
import unicodedata

import jiwer

# Joiners change how letters look, not what is written; vowel signs are kept, unlike in the usual normaliser.
_JOINERS = re.compile("[\u200b-\u200d\ufeff]")
_MARKS = re.compile(r"[^\w\s\u0900-\u0963\u0966-\u0dff]|_")


def normalise(text: str) -> str:
    """Fold case, digits and white space and drop punctuation, keeping every letter and vowel sign."""
    folded = _JOINERS.sub("", unicodedata.normalize("NFC", text)).casefold()
    plain = "".join(str(int(c)) if c.isdecimal() else c for c in folded)
    return " ".join(_MARKS.sub(" ", plain).split())


def error_rates(reference: str, heard: str) -> tuple[float, float]:
    """Return the word and the character error rate of ``heard`` against ``reference``, 0 is perfect."""
    wanted, got = normalise(reference), normalise(heard)
    return float(jiwer.wer(wanted, got)), float(jiwer.cer(wanted, got))
