"""What each step shows to a client of the contract."""

from typing import Any

import msgspec

from afirgen.case.evidence import Transcript
from afirgen.case.fir import FirDocument, Prose
from afirgen.case.law import Assessment, LegalView
from afirgen.case.session import SessionStatus, Step
from afirgen.jobs.views import CaseView, SummaryStep
from afirgen.store.firs import FirStore

_MESSAGES = {
    Step.TRANSCRIPT: "Check the transcript.",
    Step.SUMMARY: "Check the summary and the facts.",
    Step.VIOLATIONS: "Check the sections.",
    Step.NARRATIVE: "Check the narrative.",
    Step.FINAL: "Check the whole form.",
}


async def content_of(view: CaseView, firs: FirStore) -> dict[str, Any]:
    """Return the content of the current step in the contract's words, with the whole value beside them."""
    content = view.contents.get(view.record.step)
    match content:
        case Transcript():
            return {"transcript": content.text, "details": msgspec.to_builtins(content)}
        case SummaryStep():
            transcript = view.state.transcript
            return {
                "summary": content.summary.text,
                "original_transcript": transcript.text if transcript else "",
                "facts": msgspec.to_builtins(content.facts),
            }
        case LegalView():
            summary = view.state.summary
            return {
                "violations": [_violation(a) for a in content.proposed],
                "summary": summary.text if summary else "",
                "details": msgspec.to_builtins(content),
            }
        case Prose():
            return {"fir_narrative": content.text, "details": msgspec.to_builtins(content)}
        case FirDocument():
            number = view.record.fir_number or ""
            # As it was made of this version, by the station's own forms.
            return {"fir_content": (await firs.get(number)).content or "", "fir_number": number}
        case None:
            return {}


def message_for(view: CaseView, *, approved: bool) -> str:
    """Return the sentence for the officer."""
    if view.record.status is SessionStatus.COMPLETED:
        return "The review is complete. Finalize the FIR to register it."
    if not approved:
        return f"The step is kept. {_MESSAGES[view.record.step]}"
    return _MESSAGES[view.record.step]


def _violation(assessment: Assessment) -> dict[str, Any]:
    return {
        "db": assessment.section.act,
        "section": assessment.section.number,
        "title": assessment.title,
        "text": assessment.statement,
        "reason": assessment.reason,
        "attributes": msgspec.to_builtins(assessment.attributes),
    }
