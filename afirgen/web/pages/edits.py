"""What an officer's form says: the fields that came, and the change of the step that follows from them."""

from collections.abc import Mapping
from typing import Any

import msgspec
from litestar.datastructures import FormMultiDict

from afirgen.case.evidence import Transcript
from afirgen.case.fir import Features, FirDocument, Particulars
from afirgen.case.law import LegalView
from afirgen.case.session import Step
from afirgen.case.state import CaseState
from afirgen.jobs.review import Seen
from afirgen.jobs.views import CaseView, Content, SummaryStep, officers_prose
from afirgen.web.pages.facts_form import boxes, changed_facts

_LONGEST = 2000
_OWN, _SUSPECT = "own.", "suspect."
_TICKED = {"section": "sections", "unknown": "unknown"}
Fields = Mapping[str, str]


def fields_of_form(form: FormMultiDict) -> dict[str, str]:
    """Return the fields of a form as text; ticked sections and blanks are lines of one field each."""
    fields = {key: str(form.get(key) or "") for key in form if key not in _TICKED}
    for name, lines in _TICKED.items():
        fields[lines] = "\n".join(str(value) for value in form.getall(name, []))
    return {key: value.replace("\r\n", "\n") for key, value in fields.items()}


def step_named(text: str) -> Step | None:
    """Return the step of this name, None where there is none."""
    return Step(text) if text in {step.value for step in Step} else None


def seen_in(form: Fields) -> Seen | None:
    """Return which version of which step the form showed, None where it does not say."""
    step, version = step_named(form.get("step", "")), form.get("version", "")
    return Seen(step, int(version)) if step and version.isdigit() else None


def edit_in(view: CaseView, form: Fields) -> str | Content | None:
    """Return what the officer changed in the current step, None where nothing.

    Raises:
        FieldError: What stands in a field is not what belongs there.
    """
    content = view.contents.get(view.record.step)
    text = form.get("text", "").strip()
    match content:
        case LegalView():
            return _chosen_sections(content, form)
        case SummaryStep():
            return _summary(content, view.state, form)
        case FirDocument():
            return _with_particulars(content, form)
        case None:
            return None
        case _:
            return text if "text" in form and text != content.text.strip() else None


def standing(content: Content | None) -> dict[str, str]:
    """Return what stands in the fields of a step's form, by their names."""
    match content:
        case SummaryStep():
            facts = {box.name: box.shown for group in boxes(content.facts) for box in group}
            return {"text": content.summary.text, **facts}
        case FirDocument():
            own = content.particulars
            named = {_OWN + name: getattr(own, name) or "" for name in own_names()}
            return named | {_SUSPECT + name: getattr(own.suspect, name) or "" for name in Features.__struct_fields__}
        case LegalView() | None:
            return {}
        case _:
            return {"text": content.text}


def own_names() -> tuple[str, ...]:
    """Return the names of the particulars that are plain text."""
    return tuple(name for name in Particulars.__struct_fields__ if name not in {"suspect", "unknown"})


def _chosen_sections(content: LegalView, form: Fields) -> str | None:
    if not form.get("chosen"):
        return None
    added = form.get("added", "").strip()
    wanted = "\n".join(entry for entry in (form.get("sections", ""), added) if entry)
    return wanted if wanted != "\n".join(str(a.section) for a in content.proposed) else None


def _summary(content: SummaryStep, state: CaseState, form: Fields) -> SummaryStep | None:
    facts = changed_facts(content.facts, form, state.transcript or Transcript(text="", language="en"))
    text = form.get("text", "").strip()
    changed = "text" in form and text != content.summary.text.strip()
    summary = (
        officers_prose(text, content.summary, msgspec.structs.replace(state, facts=facts))
        if changed
        else content.summary
    )
    after = SummaryStep(facts, summary)
    return after if after != content else None


def _with_particulars(content: FirDocument, form: Fields) -> FirDocument | None:
    if not any(key.startswith(_OWN) for key in form):
        return None
    typed: dict[str, Any] = {name: _line(form, _OWN + name) for name in own_names()}
    suspect = Features(**{name: _line(form, _SUSPECT + name) for name in Features.__struct_fields__})
    ticked = form.get("unknown", "").split("\n")
    own = Particulars(**typed, suspect=suspect, unknown=tuple(blank for blank in content.blanks if blank in ticked))
    return msgspec.structs.replace(content, particulars=own) if own != content.particulars else None


def _line(form: Fields, name: str) -> str | None:
    return " ".join(form.get(name, "").split())[:_LONGEST] or None
