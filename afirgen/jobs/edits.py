"""What officers write in place of a draft, and what they stand for."""

import unicodedata
from collections.abc import Callable

import msgspec

from afirgen.case.audit import Action, Actor, Event
from afirgen.case.evidence import Transcript
from afirgen.case.fir import FirDocument, Prose
from afirgen.case.law import LegalView
from afirgen.errors import InvalidInputError, UnsupportedWordsError
from afirgen.jobs.fir_text import fir_text
from afirgen.jobs.views import (
    CaseView,
    Content,
    SummaryStep,
    changed_sections,
    officers_prose,
    owned,
    read_case,
    shown,
    unsupported,
)
from afirgen.pipeline.by_hand import corrected
from afirgen.pipeline.run import Pipeline
from afirgen.store.cases import CaseStore, NewVersion


class Edits:
    """Keeps officers' versions of steps, of at most ``text_most`` characters; ``render`` makes the text of a form."""

    def __init__(
        self, cases: CaseStore, pipeline: Pipeline, render: Callable[[FirDocument], str], *, text_most: int
    ) -> None:
        self._cases = cases
        self._pipeline = pipeline
        self._render = render
        self._text_most = text_most

    async def keep(self, view: CaseView, edit: str | Content, by: Actor) -> CaseView:
        """Keep a text or content as a new version of the case's current step; return the case with it.

        Raises:
            InvalidInputError: It cannot be used for this step.
        """
        step = view.record.step
        content = self._edited(view, edit.strip()) if isinstance(edit, str) else edit
        if type(content) is not type(view.contents[step]):
            raise InvalidInputError("This cannot be kept for this step.")
        fir = fir_text(content, self._render) if isinstance(content, FirDocument) else None
        version = NewVersion(step=step, content=msgspec.json.encode(content), author="officer")
        details = {"instead_of": shown(view, step), **changed_sections(view.contents[step], content)}
        event = Event(actor=by, action=Action.STEP_EDITED, details=details)
        await self._cases.add_version(view.record.id, version, event, fir=fir)
        return await read_case(self._cases, view.record.id)

    async def stand_for(self, view: CaseView, by: Actor, *, owns: bool) -> CaseView:
        """Let nothing pass that the complaint does not say unless the officer ``owns`` it, on record.

        Raises:
            UnsupportedWordsError: A sentence says what the complaint does not, and the officer does not own it.
        """
        content = view.contents[view.record.step]
        if not (open_ones := unsupported(content)):
            return view
        if not owns:
            listed = " ".join(f"“{s.text}” {s.problem}" for s in open_ones)
            raise UnsupportedWordsError(f"Correct this, or say that you know it yourself. {listed}")
        return await self.keep(view, owned(content), by)

    def _edited(self, view: CaseView, edit: str) -> Content:
        """Return the step's content with the officer's text in it."""
        current = view.contents[view.record.step]
        if len(edit) > self._text_most:
            raise InvalidInputError("The text is too long. Shorten it.")
        text = unicodedata.normalize("NFC", edit)
        match current:
            case Transcript():
                return corrected(current, text)
            case SummaryStep():
                return SummaryStep(current.facts, officers_prose(text, current.summary, view.state))
            case LegalView():
                return self._pipeline.choose_sections(current, text)
            case Prose():
                return officers_prose(text, current, view.state)
            case FirDocument():
                raise InvalidInputError("The form is made from the earlier steps. Send those back to change it.")
