"""The design that this program replaces, on the same model: kept here to be measured against, and for nothing else."""

from typing import Protocol

from locked import LockedModel

from afirgen.case.law import Candidate, SectionRef
from afirgen.legal_kb.statutes import KnowledgeBase

_TOP = 10
_SECTION_CHARACTERS = 1_500


class Searchable(Protocol):
    """Statutes that can be searched."""

    kb: KnowledgeBase

    async def search(self, text: str, *, limit: int = 40) -> tuple[Candidate, ...]:
        """Return sections, best first."""


class Earlier:
    """Two sentences of summary, the ten nearest sections, a yes or no written for each, a narrative."""

    def __init__(self, model: LockedModel, law: Searchable) -> None:
        self._model = model
        self._law = law

    async def draft(self, text: str) -> tuple[str, list[SectionRef]]:
        """Return the narrative and the sections said to apply."""
        summary = self._model.answer("You sum up complaints.", f"{text}\n\nSum this up in two sentences.", 120)
        found = await self._law.search(summary, limit=_TOP)
        chosen = [c.section for c in found if self._applies(text, c.section)]
        listed = ", ".join(map(str, chosen))
        order = f"{text}\n\nSections: {listed}\n\nWrite the narrative of a First Information Report."
        return self._model.answer("You write police reports.", order, 300), chosen

    def _applies(self, text: str, ref: SectionRef) -> bool:
        section = self._law.kb.section(ref)
        law = f"{section.title}\n{section.statement}"[:_SECTION_CHARACTERS]
        asked = f"Section {ref}:\n{law}\n\nComplaint:\n{text}\n\nDoes this section apply? Answer YES or NO."
        return self._model.answer("You are a legal assistant.", asked, 4).strip().upper().startswith("YES")
