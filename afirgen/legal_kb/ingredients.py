"""Closed questions of fact, and offences made of them: values, as the data files hold them."""

from collections.abc import Iterator

from msgspec import Struct

from afirgen.case.law import Attributes, SectionRef
from afirgen.legal_kb.statutes import BNS

_LANGUAGE_CODES = {"hi_latn": "hi-Latn"}


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A closed question of fact.

    ``text`` is put to the language model; ``ask`` to the informant where the complaint does not say. ``hint``
    lists words that speak for "yes". ``screen`` marks the questions put to every complaint. Who answers yes has
    said yes to the questions in ``implies`` too.
    """

    text: str
    ask: str
    hint: str = ""
    screen: bool = False
    implies: tuple[str, ...] = ()


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everyday words for an offence by language; a star stands for any ending."""

    en: tuple[str, ...] = ()
    hi: tuple[str, ...] = ()
    hi_latn: tuple[str, ...] = ()
    ta: tuple[str, ...] = ()

    def by_language(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Give each language code with its words."""
        for name in self.__struct_fields__:
            yield _LANGUAGE_CODES.get(name, name), getattr(self, name)


class Offence(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An offence under ``section`` of ``act``; ``entry`` counts its lines in the BNSS First Schedule from 1.

    All of ``all``, one of each list in ``any`` and none of ``none`` must be met. ``opened_by`` names screening
    questions that bring it up without being ingredients. ``contains`` names offences
    that it absorbs, ``excludes`` those that cannot stand beside it. ``loss`` bounds the stated loss in rupees
    (0: no upper bound). ``ipc`` are the numbers before 2024-07-01, the closest first; ``ipc_doubt`` says why it
    is not sure that they cover the same facts. ``listed_only`` keeps it from being proposed; ``needs_words``
    opens it only where one of its everyday words is in the complaint. ``cognizable_if`` names the question that
    settles a conditional cognizance. ``attributes`` stand for acts that the First Schedule does not list one by one.
    """

    id: str
    section: str
    name: str
    all: tuple[str, ...] = ()
    act: str = BNS
    entry: int = 1
    any: tuple[tuple[str, ...], ...] = ()
    none: tuple[str, ...] = ()
    opened_by: tuple[str, ...] = ()
    contains: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    loss: tuple[int, int] | None = None
    ipc: tuple[str, ...] = ()
    ipc_doubt: str | None = None
    listed_only: bool = False
    needs_words: bool = False
    cognizable_if: str | None = None
    attributes: Attributes | None = None
    words: Words = Words()

    @property
    def ref(self) -> SectionRef:
        """The section as it stands on the form."""
        return SectionRef(self.act, self.section)

    @property
    def question_ids(self) -> tuple[str, ...]:
        """Every question that bears on the offence, each once, the necessary ones first."""
        groups = (q for group in self.any for q in group)
        condition = (self.cognizable_if,) if self.cognizable_if else ()
        return tuple(dict.fromkeys((*self.all, *groups, *self.none, *self.opened_by, *condition)))
