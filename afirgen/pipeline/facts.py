"""Step: the facts for the form. Fixed forms are read by rule, the rest by the model; nothing unquoted stays."""

import re
from collections.abc import Sequence
from datetime import date

from afirgen.case.evidence import Span, Transcript
from afirgen.case.facts import Accused, Facts, Field, Informant, Occurrence, Property
from afirgen.case.mentions import Mention
from afirgen.case.mentions.dates import find_dates
from afirgen.case.mentions.times import find_times
from afirgen.case.sentences import sentence_at, sentences
from afirgen.inference.engine import Priority
from afirgen.pipeline.excerpt import excerpt
from afirgen.pipeline.grounding import locate, tokens
from afirgen.pipeline.informant import read_informant
from afirgen.pipeline.model_port import LanguageModel
from afirgen.pipeline.narrate import ADDRESSEE
from afirgen.pipeline.orders import hide_orders
from afirgen.pipeline.property import read_property, stated_total
from afirgen.pipeline.ranges import begins_term, is_of_term, only_range, range_end
from afirgen.pipeline.record import Named, Record, confirmed_people, read_record

_REPORT_DATE = re.compile(r"(?:report(?:ed|ing)?|complaint|application)\W+(?:\w+\W+){0,3}$", re.IGNORECASE)
_PERSON = re.compile(
    r"\b(?:persons?|people|m[ae]n|boys?|girls?|wom[ae]n|lady|ladies|youths?|driver|caller|thief|thieves|owner|"
    r"fellow|guy|gang|neighbou?rs?|guard|watchman|others|relatives?|husband|in-laws|unknown)\b",
    re.IGNORECASE,
)
_CAPITALISED = re.compile(r"\b[A-Z][\w'’.]+")
_KIN_BEFORE = re.compile(
    r"(?<!\bhis\s)(?<!\bher\s)(?<!\btheir\s)\b(?:son|daughter|wife|husband|brother|sister|father|mother|uncle|aunt|cousin|"
    r"friend|partner)\s+(?:is\s+)?$",
    re.IGNORECASE,
)
_BLAMED_BEFORE = re.compile(
    r"\b(?:driver|accused|culprit|suspects?|suspected|doubt|thief|robbers?|attackers?|caller)\b(?:'s)?[^.;,]{0,40}$",
    re.IGNORECASE,
)
_SELF = re.compile(r"^(?:i|me|my|myself|we|the\s+complainant|the\s+informant|none|unknown|not\s.*)$", re.IGNORECASE)
_STATION = re.compile(r"\b(?:P\.?S\.?|police\s+station|SHO|thana)\b", re.IGNORECASE)
_LONGEST_DESCRIPTION = 12
_DELAY = re.compile(
    r"(?=.*\b(?:report\w*|complain\w*|come|came|coming|told|tell|police|statement|application)\b)"
    r".*\b(?:because|that\s+is\s+why|thats\s+why|so\s+(?:i|we|nobody|delay)|due\s+to|was\s+(?:afraid|scared|admitted|unconscious)|delay)\b"
    r"|(?=.*(?:रिपोर्ट|शिकायत|थाने)).*(?:इसलिए|क्योंकि|कारण|देर)"
    r"|(?=.*(?:report|shikayat|thane)).*\b(?:isliye|kyunki|kyonki|der)\b|(?=.*புகார்).*(?:அதனால்|தாமத)",
    re.IGNORECASE | re.DOTALL,
)
_LATE = re.compile(
    r"\b(?:late|delay|next\s+day|after\s+holiday|morning\s+because|giving\s+complaint|give\s+complaint|not\s+tell\s+anyone|"
    r"could\s+not\s+(?:come|report)|nobody\s+took|reporting|had\s+not\s+reported|waited|days\s+(?:after|later)|come\s+on)\b"
    r"|देर|रिपोर्ट\s+कर\s+रहा|रिपोर्ट\s+कर\s+रही|आ\s+पा|der\s+se|தாமத",
    re.IGNORECASE,
)


async def extract_facts(
    transcript: Transcript,
    *,
    reported_on: date,
    model: LanguageModel | None,
    priority: Priority = Priority.OFFICER,
    deadline_s: float | None = None,
) -> Facts:
    """Read the form's facts from ``transcript``.

    ``model`` is None where none is loaded or none reads the language: fixed forms alone are read then and a
    note says so. Every value carries the span it rests on; what cannot be found in the text is left blank.
    """
    transcript = hide_orders(transcript)
    text = transcript.text
    informant = read_informant(text)
    reads = model is not None and transcript.language in model.readable_languages
    record = Record()
    shown = excerpt(transcript, model) if model is not None and reads else transcript
    if model is not None and reads and shown.text:
        record = await read_record(shown.text, model, priority=priority, deadline_s=deadline_s)
    named, described = _people(record.wrongdoers, transcript, informant)
    suffered = {v.casefold() for v in record.victims}
    onlookers = _onlookers(record, transcript, informant, named)
    guilty: frozenset[str] = frozenset()
    persons: frozenset[str] = frozenset()
    if model is not None and reads:
        guilty, persons = await confirmed_people(
            shown.text,
            tuple(Named(f.value, _is_kin(f, text)) for f in named),
            tuple(f.value for f in onlookers),
            model,
            priority=priority,
            deadline_s=deadline_s,
        )
    sure = [f for f in named if f.value in guilty and f.value.casefold() not in suffered]
    doubtful_names = [f.value for f in named if f not in sure]
    property_, unclear = read_property(record.things_taken_or_lost, transcript)
    facts = Facts(
        informant=informant,
        occurrence=_occurrence(transcript, record, reported_on),
        accused=tuple(Accused(name=f) for f in sure) + tuple(Accused(description=f) for f in described),
        property=property_,
        witnesses=tuple(f for f in onlookers if f.value in persons or _PERSON.search(f.value)),
        stated_total_inr=stated_total(text),
        delay_reason=_delay_reason(transcript),
        notes=_notes(shown, reads=reads, doubtful_names=doubtful_names, unclear_things=unclear),
    )
    return _without_doubtful(facts, transcript)


def _notes(
    transcript: Transcript, *, reads: bool, doubtful_names: list[str], unclear_things: Sequence[str]
) -> tuple[str, ...]:
    notes = [*transcript.notes]
    if not reads:
        notes.append(
            "The language model does not read this language: names of accused, witnesses, place and property "
            "were not looked for. Fill them in from the statement."
        )
    notes += [f"Whether {name} is accused is not clear: the officer decides." for name in doubtful_names]
    notes += [f"Whether {thing} was lost or harmed is not clear: the officer decides." for thing in unclear_things]
    return tuple(notes)


def _field(value: str, transcript: Transcript) -> Field | None:
    span = locate(value, transcript.text)
    if span is None:
        return None
    return Field(value=" ".join(transcript.quote(span).split()), span=span)


# --- people -----------------------------------------------------------------------------------------------


def _people(values: tuple[str, ...], transcript: Transcript, informant: Informant) -> tuple[list[Field], list[Field]]:
    """Sort what the model calls wrongdoers into names and descriptions found in the text."""
    named: list[Field] = []
    described: list[Field] = []
    for value in values:
        field = None if _SELF.match(value.strip()) else _field(value, transcript)
        if field is None or _is_informant(field.value, informant) or _in_address(field, transcript):
            continue
        words = field.value.split()
        names_someone = _CAPITALISED.search(field.value) is not None
        if names_someone and not _PERSON.search(field.value):
            named.append(field)
        elif _PERSON.search(field.value) and len(words) <= _LONGEST_DESCRIPTION:
            described.append(field)
    return _distinct(named), _distinct(described)


def _onlookers(record: Record, transcript: Transcript, informant: Informant, accused: list[Field]) -> tuple[Field, ...]:
    named, described = _people(record.helpers_and_onlookers, transcript, informant)
    taken = {f.value.casefold() for f in accused}
    return tuple(
        f
        for f in [*named, *described]
        if f.value.casefold() not in taken
        and not any(c.isdigit() for c in f.value)
        and not _is_blamed(f, transcript.text)
    )


def _is_blamed(field: Field, text: str) -> bool:
    """Tell whether the words before the name call that person the driver, the suspect or the like."""
    return field.span is not None and _BLAMED_BEFORE.search(text[: field.span.start][-60:]) is not None


def _is_kin(field: Field, text: str) -> bool:
    """Tell whether the words before the name call that person the informant's own kin ("my son ...")."""
    if field.span is None:
        return False
    return _KIN_BEFORE.search(text[max(0, field.span.start - 25) : field.span.start]) is not None


def _is_informant(value: str, informant: Informant) -> bool:
    """Tell whether the words are the informant's or the named relative's name, alone or with more."""
    words = {t for t, _ in tokens(value)}
    names = [{t for t, _ in tokens(f.value)} for f in (informant.name, informant.relative_name) if f]
    return any(words <= name or name <= words for name in names)


def _in_address(field: Field, transcript: Transcript) -> bool:
    """Tell whether the words stand in the line that names the officer written to."""
    sentence = field.span and sentence_at(sentences(transcript.text), field.span.start)
    if not sentence or not ADDRESSEE.match(transcript.quote(sentence)):
        return False
    return " I " not in f" {transcript.quote(sentence)} "


def _distinct(fields: list[Field]) -> list[Field]:
    seen: dict[str, Field] = {}
    for field in fields:
        seen.setdefault(field.value.casefold(), field)
    return list(seen.values())


# --- when and where ---------------------------------------------------------------------------------------


def _occurrence(transcript: Transcript, record: Record, reported_on: date) -> Occurrence:
    text = transcript.text
    dates = [
        m
        for m in find_dates(text, reported_on=reported_on)
        if not _REPORT_DATE.search(text[max(0, m.span.start - 30) : m.span.start])
        and m.value <= reported_on.isoformat()
    ]
    # What the model does not name, or names of another matter, the one range that the complaint states tells.
    first = _chosen(dates, record.date, transcript)
    if first is None or begins_term(first, dates, text):
        first = only_range(dates, text)
    place = _field(record.place, transcript) if record.place else None
    times = list(find_times(text))
    time = _chosen(times, record.time, transcript)
    return Occurrence(
        date_from=_as_field(first),
        date_to=None if is_of_term(first, text) else _as_field(range_end(first, dates, text)),
        time_from=_as_field(time),
        time_to=_as_field(range_end(time, times, text)),
        place=None if place is None or _STATION.search(place.value) or _in_address(place, transcript) else place,
    )


def _chosen(mentions: list[Mention], words: str, transcript: Transcript) -> Mention | None:
    """Pick the mention that the model's ``words`` name; the only one if there is one; else None."""
    if len({m.value for m in mentions}) == 1:
        return mentions[0]
    span = locate(words, transcript.text) if words else None
    if span is None:
        return None
    return next((m for m in mentions if m.span.start < span.end and span.start < m.span.end), None)


def _as_field(mention: Mention | None) -> Field | None:
    return Field(value=mention.value, span=mention.span) if mention else None


# --- delay -----------------------------------------------------------------------------------


def _delay_reason(transcript: Transcript) -> Field | None:
    """Take the sentence in which the informant explains coming late, in the informant's own words."""
    for span in sentences(transcript.text):
        sentence = transcript.quote(span)
        if _DELAY.search(sentence) and _LATE.search(sentence):
            return Field(value=" ".join(sentence.split()), span=span)
    return None


# --- doubtful source --------------------------------------------------------------------------------------


def _without_doubtful(facts: Facts, transcript: Transcript) -> Facts:
    """Blank every field that rests on doubtful speech or print, with a note (safeguard 10)."""
    if not any(s.doubtful for s in transcript.segments):
        return facts

    def sure(field: Field | None) -> Field | None:
        return None if field and field.span and transcript.doubtful_at(field.span) else field

    def all_sure(fields: tuple[Field, ...]) -> tuple[Field, ...]:
        return tuple(f for f in fields if sure(f))

    who, when = facts.informant, facts.occurrence
    return Facts(
        informant=Informant(**{n: sure(getattr(who, n)) for n in who.__struct_fields__}),
        occurrence=Occurrence(**{n: sure(getattr(when, n)) for n in when.__struct_fields__}),
        accused=tuple(a for a in facts.accused if sure(a.name) or sure(a.description)),
        property=tuple(Property(item=p.item, value_inr=sure(p.value_inr)) for p in facts.property if sure(p.item)),
        witnesses=all_sure(facts.witnesses),
        delay_reason=sure(facts.delay_reason),
        notes=(*facts.notes, "Values that rest on doubtful words were left blank."),
    )


def fields_of(facts: Facts) -> tuple[Field, ...]:
    """Return every stated value."""
    fields: list[Field | None] = [
        *(getattr(facts.informant, n) for n in facts.informant.__struct_fields__),
        *(getattr(facts.occurrence, n) for n in facts.occurrence.__struct_fields__),
        *(f for a in facts.accused for f in (a.name, a.description)),
        *(f for p in facts.property for f in (p.item, p.value_inr)),
        *facts.witnesses,
        facts.delay_reason,
    ]
    return tuple(f for f in fields if f)


def spans_of(facts: Facts) -> tuple[Span, ...]:
    """Return the places in the complaint that the facts rest on, in text order."""
    return tuple(sorted(f.span for f in fields_of(facts) if f.span))
