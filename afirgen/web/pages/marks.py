"""The complaint cut into runs, so that the words under a field or a sentence can be lit, played and framed."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from msgspec import Struct

from afirgen.case.evidence import Segment, Span, Transcript
from afirgen.case.facts import Facts, Field
from afirgen.case.fir import FirDocument, Prose
from afirgen.case.law import LegalView
from afirgen.case.state import CaseState

_SURE = 0.5


class Run(Struct, frozen=True, kw_only=True):
    """Some words of the complaint; ``ms`` is their place in the recording, ``box`` on the page as numbers."""

    start: int
    end: int
    text: str
    doubtful: bool = False
    ms: int | None = None
    box: str = ""


def runs(transcript: Transcript, spans: Iterable[Span]) -> tuple[Run, ...]:
    """Cut the text wherever a span, a segment or a word begins or ends."""
    size = len(transcript.text)
    cuts = {0, size}
    for span in (*spans, *_own_spans(transcript)):
        cuts |= {min(max(place, 0), size) for place in (span.start, span.end)}
    places = sorted(cuts)
    return tuple(_run(transcript, start, end) for start, end in pairwise(places))


def spans_in(state: CaseState) -> tuple[Span, ...]:
    """Return every place of the complaint that something in the case rests on."""
    found: list[Span] = []
    if state.facts:
        found += [f.span for f in fields_of(state.facts) if f.span]
    for prose in (state.summary, state.narrative):
        found += [span for sentence in (prose.sentences if prose else ()) for span in sentence.spans]
    if state.law:
        found += [s for a in state.law.assessments for i in a.ingredients for s in i.evidence]
    return tuple(found)


def fields_of(facts: Facts) -> Iterator[Field]:
    """Give every field that has a value."""
    singles: list[Field | None] = [getattr(facts.informant, n) for n in facts.informant.__struct_fields__]
    singles += [getattr(facts.occurrence, n) for n in facts.occurrence.__struct_fields__]
    singles += [getattr(a, n) for a in facts.accused for n in a.__struct_fields__]
    singles += [getattr(p, n) for p in facts.property for n in p.__struct_fields__]
    singles += [*facts.witnesses, facts.delay_reason, facts.stated_total_inr]
    yield from (f for f in singles if f)


def place(spans: Iterable[Span | None]) -> str:
    """Write spans for the page's script: ``12-30 44-50``."""
    return " ".join(f"{s.start}-{s.end}" for s in spans if s)


def text_of(content: object) -> str:
    """Return what a version of a step says, for comparing two of them."""
    match content:
        case Transcript():
            return content.text
        case Prose():
            return content.text
        case LegalView():
            return "\n".join(f"{a.section} {a.title}" for a in content.proposed)
        case FirDocument():
            filled = {name: getattr(content.particulars, name) for name in content.particulars.__struct_fields__}
            return "\n".join(f"{name}: {value}" for name, value in filled.items() if value)
        case _:
            facts, summary = getattr(content, "facts", None), getattr(content, "summary", None)
            lines = [f.value for f in fields_of(facts)] if isinstance(facts, Facts) else []
            return "\n".join([*([summary.text] if isinstance(summary, Prose) else []), *lines])


def _own_spans(transcript: Transcript) -> Iterator[Span]:
    for segment in transcript.segments:
        yield segment.span
        yield from (word.span for word in segment.words)


def _run(transcript: Transcript, start: int, end: int) -> Run:
    segment = next((s for s in transcript.segments if s.span.start <= start < s.span.end), None)
    return Run(
        start=start,
        end=end,
        text=transcript.text[start:end],
        doubtful=segment is not None and _doubtful(segment, start),
        ms=_milliseconds(segment, start) if segment else None,
        box=_box(segment) if segment else "",
    )


def _doubtful(segment: Segment, start: int) -> bool:
    unsure = any(w.span.start <= start < w.span.end and w.confidence < _SURE for w in segment.words)
    return segment.doubtful or unsure


def _milliseconds(segment: Segment, start: int) -> int | None:
    word = next((w for w in segment.words if w.audio and w.span.start <= start < w.span.end), None)
    audio = word.audio if word else segment.audio
    return audio.start_ms if audio else None


def _box(segment: Segment) -> str:
    box = segment.box
    return f"{box.page} {box.left} {box.top} {box.right} {box.bottom}" if box else ""
