"""A case with the newest content of each step, and how contents are read from their versions."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from afirgen.case.audit import text_hash
from afirgen.case.evidence import Transcript
from afirgen.case.facts import Author, Facts
from afirgen.case.fir import FirDocument, Prose, Sentence, SentenceKind
from afirgen.case.law import LegalView
from afirgen.case.sentences import sentences
from afirgen.case.session import Step
from afirgen.case.state import CaseState
from afirgen.pipeline.facts import fields_of
from afirgen.pipeline.grounding import problem_with
from afirgen.store.cases import CaseRecord, CaseStore, StepVersion


class SummaryStep(Struct, frozen=True):
    """Content of the summary step."""

    facts: Facts
    summary: Prose


Content = Transcript | SummaryStep | LegalView | Prose | FirDocument
_TYPES: dict[Step, type[Content]] = {
    Step.TRANSCRIPT: Transcript,
    Step.SUMMARY: SummaryStep,
    Step.VIOLATIONS: LegalView,
    Step.NARRATIVE: Prose,
    Step.FINAL: FirDocument,
}


class CaseView(Struct, frozen=True, kw_only=True):
    """A case with the newest version and content of each step."""

    record: CaseRecord
    versions: dict[Step, StepVersion]
    contents: dict[Step, Content]
    state: CaseState


async def read_case(cases: CaseStore, case_id: str) -> CaseView:
    """Return a case with its newest contents; raise :class:`NotFoundError` when there is none."""
    record, versions = await cases.whole(case_id)
    contents = {step: decode(version) for step, version in versions.items()}
    return CaseView(record=record, versions=versions, contents=contents, state=state_of(record, contents))


def shown(view: CaseView, step: Step) -> dict[str, Any]:
    """Say for the audit log which version of a step was before the officer, or under a draft."""
    version = view.versions[step]
    return {"step": step.value, "version": version.version, "content_sha256": text_hash(version.content)}


def decode(version: StepVersion) -> Content:
    """Return a version's content as the value of its step."""
    return msgspec.json.decode(version.content, type=_TYPES[version.step])


def state_of(record: CaseRecord, contents: dict[Step, Content]) -> CaseState:
    """Take what the steps up to the current one say; later contents belong to an earlier run."""
    order = list(Step)
    known = {s: c for s, c in contents.items() if order.index(s) <= order.index(record.step)}
    transcript, summary = known.get(Step.TRANSCRIPT), known.get(Step.SUMMARY)
    law, narrative = known.get(Step.VIOLATIONS), known.get(Step.NARRATIVE)
    return CaseState(
        source=record.source,
        reported_on=record.reported_on,
        language=record.language,
        transcript=transcript if isinstance(transcript, Transcript) else None,
        facts=summary.facts if isinstance(summary, SummaryStep) else None,
        summary=summary.summary if isinstance(summary, SummaryStep) else None,
        law=law if isinstance(law, LegalView) else None,
        narrative=narrative if isinstance(narrative, Prose) else None,
        fir_number=record.fir_number,
    )


def changed_sections(before: Content, after: Content) -> dict[str, Any]:
    """Name the sections that an edit added and removed, for the audit log; nothing where it is no law."""
    if not isinstance(before, LegalView) or not isinstance(after, LegalView):
        return {}
    old, new = ([str(a.section) for a in law.proposed] for law in (before, after))
    return {"sections": {"added": [s for s in new if s not in old], "removed": [s for s in old if s not in new]}}


def officers_prose(text: str, earlier: Prose, state: CaseState) -> Prose:
    """Return what an officer wrote, sentence by sentence; one of ``earlier`` that was left alone stays as it was.

    A new sentence is held against the complaint and the facts; what of it they do not say is its problem.
    """
    kept = {s.text: s for s in earlier.sentences}
    said = (state.transcript.text if state.transcript else "", *(f.value for f in fields_of(state.facts or Facts())))
    return Prose(sentences=tuple(kept.get(part) or _written(part, said) for part in _parts(text)))


def _parts(text: str) -> Iterator[str]:
    return (text[s.start : s.end] for s in sentences(text))


def _written(text: str, said: Sequence[str]) -> Sentence:
    problem = problem_with(text, said)
    return Sentence(text=text, kind=SentenceKind.OFFICER, author=Author.OFFICER_WRITTEN, problem=problem)


def unsupported(content: Content) -> tuple[Sentence, ...]:
    """Return the sentences that say what the complaint does not, and that no officer stands for."""
    prose = _prose(content)
    return tuple(s for s in prose.sentences if s.problem) if prose else ()


def owned(content: Content) -> Content:
    """Return the content with the officer standing for what the complaint does not say."""
    prose = _prose(content)
    if prose is None:
        return content
    stood_for = tuple(
        msgspec.structs.replace(s, problem=None, own_knowledge=True) if s.problem else s for s in prose.sentences
    )
    after = msgspec.structs.replace(prose, sentences=stood_for)
    return SummaryStep(content.facts, after) if isinstance(content, SummaryStep) else after


def _prose(content: Content) -> Prose | None:
    if isinstance(content, SummaryStep):
        return content.summary
    return content if isinstance(content, Prose) else None
