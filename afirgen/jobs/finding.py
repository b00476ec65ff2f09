"""Finding cases by words in anything that was said, drafted or written in them."""

import re

import msgspec

from afirgen.case.session import SessionStatus
from afirgen.store.cases import CaseRecord, CaseStore

_MOST_TERMS = 8
_SHORTEST_TERM = 2
_PART = 60
_LOOKED_AT = 240
_DAY = re.compile(r"(\d{1,2})[./-](\d{1,2})[./-](\d{4})")
_COUNTRY = re.compile(r"(?<!\S)\+91[\s-]?")
_PHONE = re.compile(r"(\d{5})-?(\d{5})")
_PLATE_PARTS = re.compile(r"[A-Za-z]+|\d+")
_PLATE = re.compile(r"[A-Za-z]{2}[\s-]?\d{1,2}[\s-]?[A-Za-z]{1,3}[\s-]?\d{1,4}")
Terms = tuple[tuple[str, ...], ...]


def terms_of(query: str) -> Terms:
    """Return the words of a query that are looked for, each with its spellings."""
    words = _COUNTRY.sub("", query).split()[:_MOST_TERMS]
    return tuple(_spellings(word) for word in words if len(word) >= _SHORTEST_TERM)


async def find_cases(
    cases: CaseStore, query: str, *, limit: int, offset: int = 0, status: SessionStatus | None = None
) -> tuple[CaseRecord, ...]:
    """Return the newest cases that have all words of the query; none where the query has no word to look for.

    Of the cases that may have them, the newest 240 are looked at.
    """
    terms = terms_of(query)
    found: list[CaseRecord] = []
    start = 0
    while terms and start < _LOOKED_AT and len(found) < offset + limit:
        part = await cases.search(terms, limit=_PART, offset=start, status=status)
        # The database looks through stored JSON, the names of its fields too: what is found has the words.
        found += [record for record in part if await _says(record, terms, cases)]
        start += _PART
        if len(part) < _PART:
            break
    return tuple(found[offset : offset + limit])


def _spellings(word: str) -> tuple[str, ...]:
    """Return a word as it may be stored: a day also in the form of the facts, a phone or number plate in its parts."""
    if day := _DAY.fullmatch(word):
        return (word, f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}")
    if phone := _PHONE.fullmatch(word):
        return tuple(dict.fromkeys((word, phone[1] + phone[2], f"{phone[1]} {phone[2]}", f"{phone[1]}-{phone[2]}")))
    if _PLATE.fullmatch(word):
        parts = _PLATE_PARTS.findall(word)
        return tuple(dict.fromkeys((word, *(sign.join(parts) for sign in ("", " ", "-")))))
    return (word,)


async def _says(record: CaseRecord, terms: Terms, cases: CaseStore) -> bool:
    texts = [record.fir_number or ""]
    for version in await cases.history(record.id):
        texts += _strings(msgspec.json.decode(version.content))
    whole = "\n".join(texts).casefold()
    return all(any(word.casefold() in whole for word in spellings) for spellings in terms)


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for entry in below for text in _strings(entry)]
