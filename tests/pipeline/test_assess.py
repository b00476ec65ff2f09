"""The rules around the model in the section step: what is asked, in which bounds, and what becomes of the answers.

The answering model here is told what is so; it tests the rules, not a model.
"""

from collections.abc import Callable, Iterable

import msgspec
import pytest

from afirgen.case.evidence import Transcript
from afirgen.case.facts import Accused, Facts, Field, Occurrence
from afirgen.case.law import Assessment, Candidate, Cognizance, Law, LegalView, Route, SectionRef, Standing, Verdict
from afirgen.inference.engine import CancelToken, Priority
from afirgen.inference.llama.request import Generated, Generation, Scored, Scoring
from afirgen.legal_kb.calibration import Calibration
from afirgen.legal_kb.decide import MOST_PROPOSED
from afirgen.legal_kb.odds import Odds
from afirgen.legal_kb.offences import OffenceBook, load_offences
from afirgen.legal_kb.statutes import BNS, load_knowledge_base
from afirgen.pipeline.assess import MOST_QUESTIONS, LawSources, find_sections
from afirgen.pipeline.model_port import LanguageModel
from afirgen.pipeline.questions import NAMING

pytestmark = pytest.mark.anyio

KB = load_knowledge_base()
BOOK = load_offences(KB)
# Takes a score as it comes, so that the answers here are plain: +8 is a yes, -8 a no.
AS_IT_COMES = Calibration(
    model="told", slope=1.0, lean=0.0, hint=0.0, more=0.0, worded=0.0, named=0.0, common=0.0, bias={}, hints={}
)


class Listed:
    """Finds the same sections for every text."""

    def __init__(self, numbers: Iterable[str]) -> None:
        self.refs = [SectionRef(BNS, n) for n in numbers]
        self.limits: list[int] = []

    async def search(self, text: str, *, limit: int = 40) -> tuple[Candidate, ...]:
        del text
        self.limits.append(limit)
        return tuple(Candidate(section=r, score=1.0, origin="search") for r in self.refs[:limit])


_NO_TIME = {"queue_s": 0.0, "prefill_s": 0.0, "decode_s": 0.0}


class Told:
    """Says yes to the questions that it is told of and no to all others."""

    readable_languages = frozenset({"en"})
    context_tokens = 4096

    def __init__(self, yes: Iterable[str], unclear: Iterable[str] = ()) -> None:
        scores = dict.fromkeys(BOOK.questions, -8.0) | dict.fromkeys(unclear, -0.6) | dict.fromkeys(yes, 8.0)
        self.scores = {BOOK.questions[q].text: score for q, score in scores.items()}
        self.requests: list[Scoring] = []
        self.name = ""

    def count_tokens(self, text: str) -> int:
        return len(text)

    async def generate(
        self,
        request: Generation,
        *,
        on_text: Callable[[str], None] | None = None,
        cancel: CancelToken | None = None,
    ) -> Generated:
        del on_text, cancel
        assert request.prompt.task == NAMING
        return Generated(
            text=self.name, finish="stop", prompt_tokens=0, reused_tokens=0, sampled_tokens=0, fed_tokens=0, **_NO_TIME
        )

    async def score(self, request: Scoring, *, cancel: CancelToken | None = None) -> Scored:
        del cancel
        self.requests.append(request)
        found = tuple(self.scores[q] for q in request.questions)
        return Scored(scores=found, prompt_tokens=0, reused_tokens=0, queue_s=0.0, compute_s=0.0)

    @property
    def asked(self) -> list[str]:
        return [q for r in self.requests for q in r.questions]


async def view_of(
    model: LanguageModel | None,
    text: str = "It happened.",
    *,
    found: str = "",
    day: str | None = "2025-03-01",
    last: str | None = None,
    language: str = "en",
    accused: int = 0,
) -> LegalView:
    when = Occurrence(
        date_from=None if day is None else Field(value=day, span=None),
        date_to=None if last is None else Field(value=last, span=None),
    )
    facts = Facts(occurrence=when, accused=(Accused(),) * accused)
    sources = LawSources(kb=KB, book=BOOK, searcher=Listed(found.split()), calibration=AS_IT_COMES)
    return await find_sections(
        Transcript(text=text, language=language), facts, sources=sources, model=model, priority=Priority.PREFETCH
    )


def told(yes: str = "", unclear: str = "") -> Told:
    return Told(yes.split(), unclear.split())


def numbers(assessments: Iterable[Assessment]) -> list[str]:
    return [str(a.section) for a in assessments]


async def test_what_is_made_out_is_proposed_and_registered() -> None:
    model = told("stolen no_consent")
    view = await view_of(model, "My cycle was stolen.")
    assert numbers(view.proposed) == ["BNS 303(2)"]
    assert (view.law, view.route) == (Law.BNS, Route.FIR)
    assert view.proposed[0].statement == KB.section(SectionRef(BNS, "303(2)")).statement
    assert {r.priority for r in model.requests} == {Priority.PREFETCH}


async def test_the_graver_form_alone_stands() -> None:
    view = await view_of(
        told("stolen no_consent force_in_taking hurt_in_taking beaten"), "They beat me and robbed my bag."
    )
    assert numbers(view.proposed) == ["BNS 309(6)"]


async def test_an_unclear_fact_is_asked_of_the_informant_instead() -> None:
    view = await view_of(told("stolen", "no_consent"), "My cycle was stolen.")
    theft = next(a for a in view.possible if a.section.number == "303(2)")
    assert theft.ask == (BOOK.questions["no_consent"].ask,)
    assert (view.proposed, view.route) == ((), Route.OFFICER_DECIDES)


async def test_all_no_offers_a_diary_entry() -> None:
    view = await view_of(told(), "I lost my key.", found="303 115 318")
    assert (view.proposed, view.route) == ((), Route.DIARY_ENTRY)


async def test_no_question_is_put_twice_and_the_budget_holds() -> None:
    text = "stole, beat, cheated, threatened, raped, kidnapped, burnt, otp, forged, rash, dowry, abused, murdered"
    model = Told(BOOK.questions)
    view = await view_of(model, text, found=" ".join(str(n) for n in range(64, 140)))
    assert len(model.asked) == len(set(model.asked)) <= MOST_QUESTIONS
    assert len(view.proposed) <= MOST_PROPOSED


async def test_questions_are_kept_back_for_what_excludes_an_offence() -> None:
    text = "stole, beat, cheated, threatened, raped, kidnapped, burnt, otp, forged, rash, dowry, abused, murdered"
    none_met = {q for o in BOOK.offences for q in o.none}
    model = Told(set(BOOK.questions) - none_met, unclear=none_met)
    await view_of(model, text)
    assert len(model.requests) == 3
    assert len(model.requests[2].questions) > 0


async def test_a_particular_fact_falls_with_the_general_one_that_is_denied() -> None:
    view = await view_of(
        told("hurt_in_taking bone_broken beaten"), "He beat me with a wooden handle, a bone is broken."
    )
    assert numbers(view.proposed) == ["BNS 117(2)"]


@pytest.mark.parametrize(
    ("scores", "text", "expected"),
    [
        ({"stolen no_consent": 0.3}, "I cannot find it since then.", []),
        ({"stolen no_consent": 0.3}, "I cannot find it since then. There was a theft.", ["BNS 303(2)"]),
        ({"stolen no_consent": 3.0}, "I cannot find it since then.", ["BNS 303(2)"]),
        # What else speaks for it makes up for one unclear ingredient, and for none that is denied.
        ({"stolen": 3.0, "no_consent": -0.6}, "There was a theft.", ["BNS 303(2)"]),
        ({"stolen": 8.0, "no_consent": -1.9}, "There was a theft.", []),
    ],
)
async def test_what_speaks_for_the_offence_as_a_whole_counts(
    scores: dict[str, float], text: str, expected: list[str]
) -> None:
    model = told()
    model.scores |= {BOOK.questions[q].text: v for ids, v in scores.items() for q in ids.split()}
    weighed = Odds(least=0, mean=1, worded=1.5, more_words=0, named=0, rank=0, barred=0, common=-1)
    calibration = msgspec.structs.replace(AS_IT_COMES, offence=weighed)
    sources = LawSources(kb=KB, book=BOOK, searcher=Listed(["303"]), calibration=calibration)
    view = await find_sections(Transcript(text=text, language="en"), Facts(), sources=sources, model=model)
    assert numbers(view.proposed) == expected
    unclear = [i for a in view.proposed for i in a.ingredients if not i.excludes and i.verdict is Verdict.NOT_STATED]
    assert all(a.ask for a in view.proposed) == bool(unclear) or not view.proposed


async def test_the_screening_questions_come_first_and_together() -> None:
    model = told()
    await view_of(model)
    assert model.requests[0].questions == tuple(BOOK.questions[q].text for q in BOOK.screening)


@pytest.mark.parametrize("model", [None, Told(BOOK.questions)])
async def test_what_no_model_reads_is_listed_and_not_judged(model: Told | None) -> None:
    view = await view_of(model, "என் செயினை பறித்துக்கொண்டு ஓடினர்.", language="ta")
    assert model is None or model.requests == []
    assert view.proposed == ()
    assert SectionRef(BNS, "304") in {c.section for c in view.candidates}
    assert {a.reason for a in view.possible} == {"Not checked."}
    assert {i.verdict for a in view.possible for i in a.ingredients} == {Verdict.NOT_CHECKED}
    assert (view.route, view.notes) == (
        Route.OFFICER_DECIDES,
        ("The sections were not checked: this language model does not read Tamil.",),
    )


@pytest.mark.parametrize(
    ("day", "last", "law", "proposed", "older"),
    [
        ("2024-06-30", None, Law.IPC, ["IPC 379"], []),
        ("2024-07-01", None, Law.BNS, ["BNS 303(2)"], []),
        ("2024-06-30", "2024-07-01", Law.OFFICER_DECIDES, ["BNS 303(2)"], ["IPC 379"]),
        (None, None, Law.OFFICER_DECIDES, ["BNS 303(2)"], ["IPC 379"]),
    ],
)
async def test_sections_carry_the_numbers_of_the_governing_law(
    day: str | None, last: str | None, law: Law, proposed: list[str], older: list[str]
) -> None:
    view = await view_of(told("stolen no_consent"), "My cycle was stolen.", day=day, last=last)
    assert (view.law, numbers(view.proposed)) == (law, proposed)
    assert [n for n in numbers(view.possible) if n.startswith("IPC")] == older
    if law is Law.IPC:
        assert "BNS" not in {a.section.act for a in view.proposed + view.possible}


async def test_an_older_number_has_its_own_text_and_punishment() -> None:
    """IPC 304A carried two years, BNS 106(1) five: no preliminary enquiry under BNSS 173(3) then."""
    facts = told("died careless_harm hit_by_vehicle rash_driving")
    view = await view_of(facts, "The truck came at high speed and he died on the spot.", day="2024-06-30")
    death = next(a for a in view.proposed if a.section == SectionRef("IPC", "304A"))
    assert death.statement == KB.section(death.section).statement
    assert death.attributes
    assert (death.attributes.punishment, death.attributes.max_months) == ("as IPC 304A lays down", 24)
    assert "BNS 106(1)" in (death.attributes.condition or "")
    assert not any("173(3)" in duty for duty in view.duties)


async def test_an_offence_that_the_ipc_had_not_absorbs_nothing_there() -> None:
    """Five lakh of damage: BNS 324(5) is cognizable; the IPC had only mischief of Rs 50 or more, which was not."""
    text = "He smashed my car on purpose, the damage is Rs 5,00,000."
    views = [await view_of(told("damaged"), text, day=day) for day in ("2025-01-01", "2024-01-01")]
    assert [numbers(v.proposed) for v in views] == [["BNS 324(5)"], ["IPC 427"]]
    assert [v.route for v in views] == [Route.FIR, Route.NON_COGNIZABLE_REPORT]


async def test_a_number_in_doubt_is_shown_and_never_proposed() -> None:
    facts = told("sexual rape gang_rape child_victim")
    view = await view_of(facts, "Both men raped my minor daughter, it was a gang rape.", day="2024-01-01")
    assert "IPC 376D" in numbers(view.proposed)
    doubtful = next(a for a in view.possible if a.section == SectionRef("IPC", "376DA"))
    assert doubtful.reason == BOOK.by_id["gang_rape_of_minor"].ipc_doubt
    both = await view_of(facts, "Both men raped my minor daughter, it was a gang rape.", day=None)
    older = next(a for a in both.possible if a.section == SectionRef("IPC", "376DA"))
    assert "under sixteen" in older.reason


async def test_theft_in_a_train_is_another_number_in_the_older_law() -> None:
    facts = told("stolen no_consent public_transport")
    text = "My bag was stolen in the train."
    views = [await view_of(facts, text, day=day) for day in ("2025-01-01", "2024-01-01")]
    assert [numbers(v.proposed) for v in views] == [["BNS 305"], ["IPC 379"]]


async def test_a_note_stands_beside_the_sections() -> None:
    view = await view_of(told("wife_cruelty told_by_wife_or_kin"), "My husband and in-laws beat me.")
    assert any("Domestic Violence Act 2005" in note for note in view.notes)


async def test_a_condition_of_cognizance_that_is_met_is_settled() -> None:
    """BNS 85 is cognizable where the wife or one of her near relatives gives the information (First Schedule)."""
    text = "My husband and in-laws beat me for dowry."
    told_by_her = await view_of(told("wife_cruelty told_by_wife_or_kin"), text)
    told_by_other = await view_of(told("wife_cruelty"), text)
    marks = [
        next(a.attributes.cognizable for a in v.proposed if a.section.number == "85" and a.attributes)
        for v in (told_by_her, told_by_other)
    ]
    assert marks == [Cognizance.YES, Cognizance.OFFICER_DECIDES]
    assert [told_by_her.route, told_by_other.route] == [Route.FIR, Route.OFFICER_DECIDES]


async def test_a_section_without_ingredients_is_shown_and_never_proposed() -> None:
    others = [n for n in map(str, range(137, 300)) if KB.is_offence(SectionRef(BNS, n))][:9]
    book = OffenceBook([o for o in BOOK.offences if o.ref.base not in others], BOOK.questions)
    sources = LawSources(kb=KB, book=book, searcher=Listed(others), calibration=AS_IT_COMES)
    transcript = Transcript(text="It happened.", language="en")
    view = await find_sections(transcript, Facts(), sources=sources, model=told(), priority=Priority.PREFETCH)
    shown = [a for a in view.assessments if a.section.number in others]
    assert len(shown) == 3
    assert {a.standing for a in shown} == {Standing.REJECTED}
    assert all("was not checked" in a.reason for a in shown)


async def test_two_accused_call_for_common_intention_by_the_governing_law() -> None:
    theft = "My cycle was stolen."
    assert (await view_of(told("stolen no_consent"), theft, accused=1)).notes == ()
    for day, provision in (("2025-01-01", "3(5) of the BNS"), ("2024-01-01", "34 of the IPC")):
        notes = (await view_of(told("stolen no_consent"), theft, accused=2, day=day)).notes
        assert len(notes) == 1
        assert provision in notes[0]


async def test_every_section_named_is_in_the_loaded_law() -> None:
    for day in ("2024-01-01", "2025-01-01", None):
        view = await view_of(Told(BOOK.questions), "stole, beat, acid, otp, forged, rash, dowry, raped", day=day)
        refs = [a.section for a in view.assessments] + [c.section for c in view.candidates]
        assert refs
        assert all(KB.section(r).title for r in refs)
        assert len(numbers(view.assessments)) == len(set(numbers(view.assessments)))


async def test_the_book_in_use_is_the_one_given() -> None:
    sources = LawSources(kb=KB, book=OffenceBook([], {}), searcher=Listed(["303"]), calibration=AS_IT_COMES)
    facts = Facts(occurrence=Occurrence())
    view = await find_sections(Transcript(text="It is.", language="en"), facts, sources=sources, model=told())
    assert (view.proposed, view.route) == ((), Route.DIARY_ENTRY)


async def test_what_the_model_calls_the_wrong_is_a_hint_and_no_more() -> None:
    """A name moves a probability; it never makes a fact of what every answer denies."""
    model = Told(())
    model.name = "Murder, robbery, theft"
    view = await view_of(model, "I lost my key.", found="103 303")
    assert view.proposed == ()
