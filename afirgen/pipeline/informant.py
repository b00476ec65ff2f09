"""Who gives the information, read from the fixed phrases in which people introduce themselves."""

import re

from afirgen.case.evidence import Span
from afirgen.case.facts import Field, Informant
from afirgen.case.mentions import ascii_digits
from afirgen.case.mentions.identifiers import find_phones
from afirgen.case.sentences import sentence_at, sentences

# A Latin-script name: capitalised words, initials and honorifics, ended by anything else.
_TITLE = r"(?:(?:Smt|Shri|Sri|Mr|Mrs|Ms|Md|Mohd|Dr|Late|late|Kum|Km|Col|Adv|Prof)\b\.?\s+)"
_WORD = r"(?:[A-Z]\.(?:\s?[A-Z]\.)*|[A-Z][\w'’]*(?!\s?/)\b)"
_NAME = rf"{_TITLE}*{_WORD}(?:\s+(?:{_WORD}|bin|binti))*"
_DEVANAGARI_WORD = r"[\u0904-\u0939\u0958-\u0961][\u0900-\u0963\u0970-\u097f]*\.?"
_KIN = r"(?:[SsDdWwCc]\s?/\s?[Oo]\.?|son\s+of|daughter\s+of|wife\s+of|widow\s+of|pita\s+ka\s+naam|pati\s+ka\s+naam)"
_INTRODUCTION = re.compile(
    rf"(?:\b(?:I\s*,?\s+am|I'm|My\s+name\s+is|my\s+name\s+is|[Mm]era\s+na+m|[Mm]a?in(?=\s+[A-Z])|myself|Myself|"
    rf"injured|partner|I)\s*,?\s+)(?P<name>{_NAME})"
)
_ON_BEHALF = re.compile(
    rf"\bthrough\s+(?:(?:its|our|the|their)\s+)?(?:[Aa]uthori[sz]ed\s+)?"
    rf"(?:[Ss]ecretary|[Pp]resident|[Cc]hair(?:man|person)|[Mm]anager|[Dd]irector|[Pp]artner|[Pp]rincipal|[Pp]roprietor|"
    rf"[Rr]epresentative|[Ss]ignatory|[Oo]fficer)\s*,?\s+(?P<name>{_NAME})"
)
# Phrases so plain that they count anywhere in the text, not only at its head.
_PLAIN_INTRODUCTION = re.compile(
    rf"\b(?:[Mm]y\s+name\s+is|I\s+am\s+(?:[a-z]+\s+){{0,4}}(?={_NAME}\s*,?\s*{_KIN}))\s*(?P<name>{_NAME})"
)
_RELATIVE = re.compile(rf"(?:{_KIN}|\b(?:father|husband)\s+(?=[A-Z]))\s*(?:is\s+|hai\s+)?(?P<name>{_NAME})")
_FATHER_IS = re.compile(rf"\b[Mm]y\s+(?:father|husband)(?:'s|’s)?\s+name\s+is\s+(?P<name>{_NAME})")
_HINDI_STOP = r"(?:हूँ|हूं|है|हैं|की|का|के|निवासी|उम्र|आयु|पुत्र|पुत्री|पत्नी|पिता|पति|बेटा|बेटी|ने|मैं|में|से|को|जाति|पेशा|ग्राम|गाँव)"
_HINDI_NAME = rf"(?:(?!{_HINDI_STOP}(?:\s|,|$)){_DEVANAGARI_WORD}\s*){{1,6}}"
_HINDI_INTRODUCTION = re.compile(
    rf"(?:मेरा\s+नाम|मैं\s+प्रार्थी|मैं\s+प्रार्थिया|प्रार्थी|(?<!\w)मैं)\s+(?P<name>{_HINDI_NAME})(?={_HINDI_STOP}|,)"
)
_HINDI_RELATIVE = re.compile(rf"(?:पुत्र|पुत्री|पत्नी|पिता|पति)\s+(?!का|की|के)(?P<name>{_HINDI_NAME})(?={_HINDI_STOP}|,|।)")
_TAMIL_NAME = r"[\u0b80-\u0bff]+(?:\.?\s+[\u0b80-\u0bff]+){0,3}"
_TAMIL_INTRODUCTION = re.compile(rf"என்(?:னுடைய)?\s+பெயர்\s+(?P<name>{_TAMIL_NAME})(?=\s*,)")
_TAMIL_RELATIVE = re.compile(rf"(?:த/பெ|க/பெ|தந்தை|கணவர்)\s*[.:]?\s+(?P<name>{_TAMIL_NAME})(?=\s*,)")
_AGE = re.compile(
    r"(?:\b(?:aged?|umar)\s*(?:about|is|of)?\s*[:-]?\s*|(?:उम्र|आयु)\s+|வயது\s*)(\d{1,3})(?!\d)|\b(\d{1,3})\s+years?\s+(?:old|of\s+age)",
    re.IGNORECASE,
)
# A full stop after these shortens a word and does not end the address.
_SHORTENED = r"(?<!\b[Nn]o)(?<!\b[HWP])(?<!\b[Oo]pp)(?<!\b[Ss]t)(?<!\b[Dd]t)(?<!\b[Dd]ist)(?<!\b[Nn]r)(?<!\b[Rr]d)"
_ADDRESS = re.compile(
    r"(?:\bR/?[Oo]\b\.?|\br/o\b\.?|resid(?:ent\s+of|ing\s+at)|\bof\s+village|निवासी)\s+(?P<address>[^;।]{3,120}?)"
    rf"(?=\s*(?:{_SHORTENED}\.|[;।]|,?\s*\b(?:age|aged|and|by|की\s+हूँ|का\s+हूँ|का\s+रहने|Mob|Ph|have|am|do|working|wish|state)(?!\w)|$))",
    re.MULTILINE,
)
_OCCUPATION = re.compile(
    r"(?:\b(?:by\s+occupation|occupation|by\s+profession|profession)\s*(?:is|:|-)?\s+|पेशा\s+)(?P<job>[^\s,.;।]+(?:\s[^\s,.;।]+)?)"
)
_OWN_PHONE = re.compile(
    r"(?:mob(?:ile)?|ph(?:one)?|tel|contact|number|cell|no|मो|मोबाइल|नंबर|फोन|फ़ोन|தொலைபேசி|கைபேசி|எண்)\W*"
    r"(?:(?:no|number|is|of|नंबर|hai|है|my|sister|son|daughter|father|mother|husband|wife|[A-Z]\w+|[।०.:o-])\W*){0,4}$",
    re.IGNORECASE,
)
_OTHERS_PHONE = re.compile(
    r"(?:\bhe\s+is\s+using|\bfrom|\bhis|\bcall(?:er|ed)|\baccused|से|\bunknown)\W*(?:\w+\W*){0,3}$",
    re.IGNORECASE,
)
_MY_PHONE = re.compile(r"\bmy\s+(?:phone|mobile|number|cell)\W*(?:no|number|is)?\W*$", re.IGNORECASE)
_INTRODUCED_WITHIN = 400


def read_informant(text: str) -> Informant:
    """Read the informant's own particulars; whatever is not introduced in a known phrase stays None."""
    name = _first(_introductions(text), text)
    return Informant(
        name=name,
        relative_name=_relative(text, name),
        age=_age(text, name),
        occupation=_group(_OCCUPATION, text, "job"),
        address=_group(_ADDRESS, text, "address"),
        phone=_phone(text),
    )


def _introductions(text: str) -> list[Span]:
    found = [
        Span(*m.span("name"))
        for pattern in (_INTRODUCTION, _ON_BEHALF, _HINDI_INTRODUCTION, _TAMIL_INTRODUCTION)
        for m in pattern.finditer(text, 0, _INTRODUCED_WITHIN)
    ]
    plain = [Span(*m.span("name")) for m in _PLAIN_INTRODUCTION.finditer(text)]
    return sorted(found) + plain


def _first(spans: list[Span], text: str) -> Field | None:
    for span in spans:
        trimmed = _trim(span, text)
        if trimmed is not None:
            return Field(value=text[trimmed.start : trimmed.end], span=trimmed)
    return None


def _relative(text: str, name: Field | None) -> Field | None:
    """Take the kin named right after the informant, else a sentence "my father's name is ..."."""
    if name is None or name.span is None:
        return None
    window = text[name.span.end : name.span.end + 60]
    for pattern in (_RELATIVE, _HINDI_RELATIVE, _TAMIL_RELATIVE):
        match = pattern.search(window)
        if match is not None:
            offset = name.span.end
            # The window may cut a name short, so match again in the whole text.
            again = pattern.search(text, offset + match.start())
            return _first([Span(*again.span("name"))], text) if again else None
    stated = _FATHER_IS.search(text)
    return _first([Span(*stated.span("name"))], text) if stated else None


def _age(text: str, name: Field | None) -> Field | None:
    if name is None or name.span is None:
        return None
    own = sentence_at(sentences(text), name.span.start)
    match = own and _AGE.search(ascii_digits(text), name.span.end, own.end)
    if not match:
        return None
    group = 1 if match[1] else 2
    return Field(value=match[group], span=Span(*match.span(group)))


def _group(pattern: re.Pattern[str], text: str, group: str) -> Field | None:
    match = pattern.search(text, 0, _INTRODUCED_WITHIN)
    if match is None:
        return None
    span = _trim(Span(*match.span(group)), text)
    return Field(value=text[span.start : span.end], span=span) if span else None


def _phone(text: str) -> Field | None:
    """Take the last number that the text calls a contact, never one that somebody called from."""
    for mention in reversed(find_phones(text)):
        before = text[max(0, mention.span.start - 45) : mention.span.start]
        closes = not text[mention.span.end :].strip(" .।") and before.rstrip()[-1:] in ".।"
        others = _OTHERS_PHONE.search(before) and not _MY_PHONE.search(before)
        if not others and (closes or _OWN_PHONE.search(before)):
            return Field(value=mention.value, span=mention.span)
    return None


def _trim(span: Span, text: str) -> Span | None:
    piece = text[span.start : span.end]
    start = span.start + len(piece) - len(piece.lstrip(" ,"))
    end = span.start + len(piece.rstrip(" ,.-"))
    return Span(start, end) if end - start > 1 else None
