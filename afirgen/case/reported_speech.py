"""English statements turned from "I" to "the informant", word for word, by rule.

A generated retelling can turn a fact round (measured: "he confessed" became "the informant confessed"), so
only pronouns and the verb forms that go with them change. A sentence that the rules do not understand is
left as it was said, in quotation marks.
"""

import re

_QUOTED = re.compile(r"\"[^\"]*\"|“[^”]*”")
_FIRST_PERSON = re.compile(r"\b(?:I|me|my|mine|myself|we|us|our|ours|ourselves)\b", re.IGNORECASE)
_SECOND_PERSON = re.compile(r"\b(?:you|your|yours)\b", re.IGNORECASE)
_SPEAKING = re.compile(
    r"\b(?:said|says|saying|say|told|tells|tell|telling|asked|asking|shout\w*|threat\w*|abus\w+|spoke|replied|replies|wrote|"
    r"message|messaged|demand\w*|promis\w+)\b",
    re.IGNORECASE,
)
_PRONOUNS = {
    "me": "the informant",
    "my": "the informant's",
    "mine": "the informant's",
    "myself": "the informant",
    "we": "the informant and others",
    "us": "the informant and others",
    "our": "the informant's",
    "ours": "the informant's",
    "ourselves": "the informant and others",
}
_AGREEMENT = {
    "am": "is",
    "have": "has",
    "do": "does",
    "don't": "does not",
    "dont": "does not",
    "haven't": "has not",
    "'m": " is",
    "'ve": " has",
}
_PRESENT = {
    "live": "lives",
    "reside": "resides",
    "stay": "stays",
    "work": "works",
    "run": "runs",
    "own": "owns",
    "know": "knows",
    "think": "thinks",
    "feel": "feels",
    "suspect": "suspects",
    "doubt": "doubts",
    "believe": "believes",
    "want": "wants",
    "need": "needs",
    "request": "requests",
    "remember": "remembers",
    "state": "states",
    "give": "gives",
    "say": "says",
    "wish": "wishes",
    "park": "parks",
    "keep": "keeps",
    "drive": "drives",
    "study": "studies",
    "agree": "agrees",
    "apologise": "apologises",
    "fear": "fears",
    "earn": "earns",
    "teach": "teaches",
    "sell": "sells",
}
_PAST = frozenset(
    """was were had did could would should might must can will shall may went saw came gave took found told said
    made got ran kept left heard felt thought knew held fell broke lost paid sent put brought bought sold met
    spoke wrote began stood sat slept woke drove rode drank ate hit cut hurt let set caught sought taught fought
    understood understand became showed lay led read shut wore tore threw drew grew rose shook hid lent spent
    built dealt bent""".split()
)
_ADVERBS = frozenset(
    """also then again just only still already never always not immediately somehow suddenly myself at once there
    therefore thus even both alone later afterwards finally first simply really clearly""".split()
)
_WORD_AFTER = re.compile(r"\s+([A-Za-z][\w'’]*)")
_SUBJECT = re.compile(r"\bI\b(?P<short>'m|’m|'ve|’ve)?")
_OTHER = re.compile(r"\b(me|my|mine|myself|we|us|our|ours|ourselves)\b", re.IGNORECASE)
_SALUTATION = re.compile(
    r"^(?:(?:dear|respected|hon'?ble)\s+)?(?:sir\s*/\s*madam|sir|madam|officer)\b(?:\s+ji\b)?[\s,.:-]*",
    re.IGNORECASE,
)


def strip_salutation(sentence: str) -> str:
    """Drop a leading "Sir," or "Respected Sir/Madam"."""
    return _SALUTATION.sub("", sentence, count=1)


def speaks_in_first_person(sentence: str) -> bool:
    """Tell whether the words outside quotation marks say I, my, we, ..."""
    return bool(_FIRST_PERSON.search(_QUOTED.sub("", sentence)))


def to_third_person(sentence: str) -> str | None:
    """Return ``sentence`` with "the informant" for the speaker, or None where the rules are not sure.

    Reported speech without quotation marks is not touched, because its "I" may be another person.
    """
    outside = _QUOTED.sub("", sentence)
    speaking = _SPEAKING.search(outside)
    if _SECOND_PERSON.search(outside):
        return None
    if speaking and _FIRST_PERSON.search(outside, speaking.end()) and not _direct_object(outside):
        return None
    pieces: list[str] = []
    last = 0
    for quoted in _QUOTED.finditer(sentence):
        converted = _convert(sentence[last : quoted.start()])
        if converted is None:
            return None
        pieces += [converted, quoted.group()]
        last = quoted.end()
    tail = _convert(sentence[last:])
    if tail is None:
        return None
    text = "".join([*pieces, tail])
    return text[:1].upper() + text[1:]


def _direct_object(outside: str) -> bool:
    """Tell whether all first-person words after the speech verb are its "me" ("he told me ...")."""
    speaking = _SPEAKING.search(outside)
    if speaking is None:
        return True
    rest = outside[speaking.end() :]
    rest = re.sub(r"^\s+(?:me|us|to\s+me|to\s+us)\b", "", rest, flags=re.IGNORECASE)
    return not _FIRST_PERSON.search(rest)


def _convert(text: str) -> str | None:
    out: list[str] = []
    position = 0
    for match in _SUBJECT.finditer(text):
        out.append(text[position : match.start()])
        replaced = _subject(text, match)
        if replaced is None:
            return None
        words, position = replaced
        out.append(words)
    out.append(text[position:])
    joined = "".join(out)
    return _OTHER.sub(lambda m: _PRONOUNS[m.group().casefold()], joined)


def _subject(text: str, match: re.Match[str]) -> tuple[str, int] | None:
    """Return the words for "I" and the verb after it, and where to go on; None where the verb is strange."""
    if match["short"]:
        return "the informant" + _AGREEMENT[match["short"].replace("’", "'")], match.end()
    position = match.end()
    adverbs = ""
    while word := _WORD_AFTER.match(text, position):
        verb = word[1].casefold().replace("’", "'")
        if verb in _ADVERBS:
            adverbs += " " + word[1]
            position = word.end()
            continue
        agreed = _agreed(verb, word[1])
        return None if agreed is None else (f"the informant{adverbs} {agreed}", word.end())
    return f"the informant{adverbs}", position


def _agreed(verb: str, written: str) -> str | None:
    """Return the verb as it goes with "the informant", or None where it is not known."""
    changed = _AGREEMENT.get(verb) or _PRESENT.get(verb)
    if changed:
        return changed
    unchanged = verb in _PAST or verb.endswith(("ed", "n't")) or verb in {"and", "along", "with", "partner"}
    return written if unchanged else None
