"""Days that a complaint names by their distance from the day of reporting, where only one day can be meant."""

import re
from collections.abc import Iterator
from datetime import date, timedelta

from afirgen.case.evidence import Span
from afirgen.case.sentences import sentence_at, sentences

_PLAIN = {
    "day before yesterday": 2,
    "yesterday": 1,
    "last night": 1,
    "today": 0,
    "this morning": 0,
    "this afternoon": 0,
    "this evening": 0,
    "aaj": 0,
    "kal raat": 1,
    "beeti raat": 1,
    "biti raat": 1,
    "beete kal": 1,
    "आज": 0,
    "बीती रात": 1,
    "बीते कल": 1,
    "गत रात्रि": 1,
    "இன்று": 0,
    "நேற்று": 1,
    "நேற்றிரவு": 1,
    "நேற்று முன்தினம்": 2,
    "நேற்று முன் தினம்": 2,
    "முந்தாநாள்": 2,
}
# Hindi has one word for the day before and the day after; the verb tells which.
_EITHER_WAY = {"kal": 1, "कल": 1, "parson": 2, "parso": 2, "परसों": 2}
_PAST = re.compile(
    r"(?<!\w)(?:था|थे|थी|गया|गई|गए|गयी|हुआ|हुई|हुए|लिया|दिया|किया|मारा|पीटा|की|लगा|tha|thi|gaya|gayi|gai|gaye|hua|hui|"
    r"liya|diya|kiya|maara|mara|peeta|laga)(?!\w)",
    re.IGNORECASE,
)
_COMING = re.compile(r"(?:ूँगा|ूंगा|ऊंगा|ऊँगा|ेगा|ेंगे|ोगे|ेगी)|\b\w+(?:unga|ungi|ega|egi|enge|oge)\b", re.IGNORECASE)
_UNTIL = re.compile(r"^\s*(?:तक|tak)(?!\w)", re.IGNORECASE)
_COUNTS = {
    word: n
    for n, words in enumerate(
        (
            "one a ek एक ஒரு",
            "two do दो இரண்டு",
            "three teen तीन மூன்று",
            "four char चार நான்கு",
            "five paanch panch पांच पाँच ஐந்து",
            "six chhe chhah छह छः ஆறு",
        ),
        1,
    )
    for word in words.split()
}
# From a week on "days ago" is said loosely, so that no day can be filled in.
_MOST_DAYS = 6
_AGO = re.compile(
    rf"(?<![\w-])(?P<count>\d{{1,2}}|{'|'.join(_COUNTS)})\s+"
    r"(?:days?\s+(?:ago|back)|din\s+(?:pehle|pahle)|दिन\s+(?:पहले|पूर्व)|(?:நாட்களுக்கு|நாளுக்கு)\s+(?:முன்பு|முன்னர்|முன்))",
    re.IGNORECASE,
)
_LOOSE = re.compile(
    r"(?:\b(?:about|around|approximately|nearly|almost|roughly|some|karib|kareeb|lagbhag|\d+\s*(?:-|–|to|or)|\w+\s+or)"
    r"|करीब|लगभग|சுமார்|[-–])\s*$",
    re.IGNORECASE,
)
_WEEKDAYS = {
    word: n
    for n, words in enumerate(
        (
            "monday somwar somvar सोमवार திங்கட்கிழமை திங்கள்கிழமை",
            "tuesday mangalwar mangalvar मंगलवार செவ்வாய்க்கிழமை",
            "wednesday budhwar budhvar बुधवार புதன்கிழமை",
            "thursday guruwar guruvar गुरुवार बृहस्पतिवार வியாழக்கிழமை",
            "friday shukrawar shukravar शुक्रवार வெள்ளிக்கிழமை",
            "saturday shaniwar shanivar शनिवार சனிக்கிழமை",
            "sunday raviwar ravivar itwar रविवार इतवार ஞாயிற்றுக்கிழமை",
        )
    )
    for word in words.split()
}
_LAST_WEEKDAY = re.compile(
    rf"(?<!\w)(?:last|past|pichhle|pichle|beete|पिछले|बीते|गत|கடந்த)\s+(?P<day>{'|'.join(_WEEKDAYS)})(?!\w)", re.IGNORECASE
)


def _any_of(words: dict[str, int]) -> re.Pattern[str]:
    longest_first = sorted(words, key=len, reverse=True)
    return re.compile("|".join(rf"(?<!\w){re.escape(w)}(?!\w)" for w in longest_first), re.IGNORECASE)


_PLAIN_WORDS, _EITHER_WAY_WORDS = _any_of(_PLAIN), _any_of(_EITHER_WAY)


def relative_days(text: str, reported_on: date) -> Iterator[tuple[Span, date]]:
    """Give each word or phrase for a day counted from ``reported_on``, with the day that is meant.

    "Last week", "about ten days ago", "last Diwali" and a "last Monday" of which two could be meant give none:
    such a day is the officer's to ask for.
    """
    taken: list[Span] = []
    for match, days in (*_plainly(text), *_by_the_verb(text), *_counted(text), *_weekdays(text, reported_on)):
        span = Span(match.start(), match.end())
        if not any(t.start < span.end and span.start < t.end for t in taken):
            taken.append(span)
            yield span, reported_on - timedelta(days=days)


def _plainly(text: str) -> Iterator[tuple[re.Match[str], int]]:
    yield from ((m, _PLAIN[m.group().casefold()]) for m in _PLAIN_WORDS.finditer(text))


def _by_the_verb(text: str) -> Iterator[tuple[re.Match[str], int]]:
    for match in _EITHER_WAY_WORDS.finditer(text):
        around = sentence_at(sentences(text), match.start())
        said = text[around.start : around.end] if around else text
        if _PAST.search(said) and not _COMING.search(said) and not _UNTIL.match(text[match.end() :]):
            yield match, _EITHER_WAY[match.group().casefold()]


def _counted(text: str) -> Iterator[tuple[re.Match[str], int]]:
    for match in _AGO.finditer(text):
        word = match["count"].casefold()
        days = int(word) if word.isdigit() else _COUNTS[word]
        if 1 <= days <= _MOST_DAYS and not _LOOSE.search(text[: match.start()][-24:]):
            yield match, days


def _weekdays(text: str, reported_on: date) -> Iterator[tuple[re.Match[str], int]]:
    """Take a "last Monday" where the latest Monday is also that of the week before, so that both readings agree."""
    for match in _LAST_WEEKDAY.finditer(text):
        day = _WEEKDAYS[match["day"].casefold()]
        if day >= reported_on.weekday():
            yield match, reported_on.weekday() + 7 - day
