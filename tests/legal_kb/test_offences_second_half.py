"""Sections 189 to 357: every line of the schedule has its ingredients, and telling words lead to the right one."""

import json
from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from afirgen.case.law import Law, Standing
from afirgen.legal_kb.decide import Answer, Decision, decide
from afirgen.legal_kb.everyday import word_hits
from afirgen.legal_kb.offences import Offence, OffenceBook
from afirgen.legal_kb.statutes import KnowledgeBase
from afirgen.pipeline.retrieve import merge

FIRST, LAST = 189, 357
TUNING = Path(__file__).parents[2] / "evaluation" / "tuning.jsonl"


def judged(book: OffenceBook, text: str, facts: str, *, sums: tuple[int, ...] = ()) -> dict[str, Decision]:
    """Decide on what the complaint opens, with the named facts and what they imply met, and all others not."""
    met = facts.split()
    for fact in met:
        met += [q for q in book.questions[fact].implies if q not in met]
    answers = {q: Answer(0.95 if q in met else 0.02) for q in book.questions}
    screened = {q: answers[q] for q in book.screening}
    opened = [o.offence for o in merge(text, (), screened, law=Law.BNS, book=book).opened]
    return {d.offence.id: d for d in decide(opened, answers, book, losses=sums)}


def proposed(decisions: dict[str, Decision]) -> set[tuple[str, int]]:
    found = [d.offence for d in decisions.values() if d.standing is Standing.PROPOSED and d.offence.act == "BNS"]
    return {(o.section, o.entry) for o in found}


def rarer(book: OffenceBook) -> list[Offence]:
    return [o for o in book.offences if o.act == "BNS" and o.needs_words and FIRST <= int(o.ref.base) <= LAST]


def test_every_line_of_the_schedule_is_covered(kb: KnowledgeBase, book: OffenceBook) -> None:
    covered = {
        (line.section.number, line.number)
        for o in book.offences
        if o.act == "BNS"
        for line in [kb.schedule(o.ref)[o.entry - 1]]
    }
    lines = [e for e in kb.scheduled() if FIRST <= int(e.section.base) <= LAST]
    assert len(lines) > len(rarer(book)) > 200
    assert [(str(e.section), e.number) for e in lines if (e.section.number, e.number) not in covered] == []


@pytest.mark.parametrize(
    ("text", "facts", "sections"),
    [
        (
            "Colony dispute: the SDM twice ordered the crowd to go home. It was ordered to disperse, it broke three cars.",
            "crowd_gathered told_to_disperse damaged peace_in_danger",
            {("189(3)", 1), ("324(2)", 1)},
        ),
        (
            "He gave an inflammatory speech and called for hatred between the two castes of our block.",
            "enmity_promoted",
            {("196(1)", 1)},
        ),
        (
            "The accused was in police uniform but he belongs to no force; he only wanted free rides.",
            "uniform_worn",
            {("205", 1)},
        ),
        (
            "The emergency line got a fake bomb call about the school, and forty men searched it for nothing.",
            "false_complaint",
            {("217", 1)},
        ),
        (
            "During the curfew he opened his hall to two hundred guests, and six of them fell ill.",
            "order_disobeyed disobedience_dangerous",
            {("223(b)", 1)},
        ),
        (
            "At the weighbridge he threatened the officer: let the truck go or you will not walk again.",
            "threatened official_threatened to_sway_official",
            {("224", 1)},
        ),
        (
            "Mere bhai ne apne upar petrol daal liya taki tehsildar kabza na hataye.",
            "suicide_to_compel",
            {("226", 1)},
        ),
        (
            "I saw the accident. Now his uncle says I must change my statement or my shop will burn.",
            "threatened witness_threatened",
            {("232(1)", 1)},
        ),
        (
            "बलात्कार का आरोपी फरार है। उसके दोस्त ने उसे पनाह दी और पुलिस से झूठ बोला।",
            "offender_sheltered offender_grave",
            {("249(b)", 1)},
        ),
        (
            "On the way back from court the undertrial slipped his handcuffs and fled from custody into the fields.",
            "escaped_custody",
            {("262", 1)},
        ),
        (
            "Twenty villagers freed the accused from our jeep; he is wanted for attempt to murder.",
            "rescued_other offender_grave official_obstructed",
            {("263(b)", 1)},
        ),
        (
            "The accused in case 44 jumped bail and has not come to the last three dates.",
            "bail_jumped",
            {("269", 1)},
        ),
        (
            "दुकानदार दूध में यूरिया की मिलावट करता है।",
            "food_adulterated",
            {("274", 1)},
        ),
        (
            "I was on my morning walk when his pet dog came out of the open gate and bit my calf.",
            "animal_careless",
            {("291", 1)},
        ),
        (
            "இறுதி ஊர்வலத்தை வழியில் நிறுத்தி சடங்கு செய்ய விடவில்லை.",
            "burial_trespass feelings_wounded",
            {("301", 1)},
        ),
        (
            "Two men stopped my van on the highway after midnight, showed a sword and took the cash bag.",
            "stolen no_consent force_in_taking on_highway at_night",
            {("309(4)", 2)},
        ),
        (
            "He wants fifty thousand every month. It is an extortion call: my legs will be cut. I have given nothing.",
            "demand_by_threat threatened death_threat nothing_paid",
            {("308(4)", 1)},
        ),
        (
            "She asked for five lakh or there would be a false rape case; I sent two lakh in fear.",
            "demand_by_threat threatened accusation_threatened paid_from_fear",
            {("308(7)", 1)},
        ),
        (
            "They tried to rob the petrol pump but the siren went off and they left.",
            "robbery_tried",
            {("309(5)", 1)},
        ),
        (
            "We gave forty bags of pulses to a transporter for Indore; he sold them on the way.",
            "entrusted carrier_accused",
            {("316(3)", 1)},
        ),
        (
            "My uncle took my signature by deceit on blank paper and now calls himself my guardian.",
            "deceived harmed_by_deceit",
            {("318(2)", 1)},
        ),
        (
            "Last night he broke the canal and my wheat, worth Rs 60,000, got no water.",
            "damaged water_cut at_night",
            {("326(a)", 1)},
        ),
        (
            "At 2 am they broke our door and came in with axes looking for my brother.",
            "entered broke_in at_night came_to_attack threatened",
            {("331(6)", 1), ("351(2)", 1)},
        ),
        (
            "His cousin made a fake birth certificate to get the pension; the municipality never issued it.",
            "forged public_record_forged",
            {("337", 1)},
        ),
        (
            "My stepmother tore the will of my father in front of the lawyer.",
            "damaged deed_destroyed",
            {("343", 1)},
        ),
        (
            "An anonymous letter came under the door saying that my son will not come home.",
            "threatened anonymous_threat",
            {("351(2)", 1), ("351(4)", 1)},
        ),
        (
            "Every evening he is drunk on the road, shouts at passers-by and lies before the shops.",
            "drunk_in_public",
            {("355", 1)},
        ),
        (
            "The home nurse left my bedridden mother alone for two days though I paid for the month.",
            "helpless_neglected hired_to_care",
            {("357", 1)},
        ),
    ],
)
def test_a_complaint_leads_to_its_section(
    book: OffenceBook, text: str, facts: str, sections: set[tuple[str, int]]
) -> None:
    assert proposed(judged(book, text, facts)) == sections


@pytest.mark.parametrize(
    ("text", "facts", "section"),
    [
        ("They said: if you go to the police we will come back.", "threatened threat_against_complaint", "225"),
        ("His aunt gave false evidence in the trial.", "false_evidence for_proceeding", "229(1)"),
        ("They have put a false case against me.", "false_charge false_complaint", "248(a)"),
        ("The mob attacked our lane.", "group_of_five beaten", "190"),
        ("He put a knife on my neck and took my watch.", "stolen force_in_taking deadly_weapon_in_robbery", "311"),
        ("A post against the chief minister calls him a thief.", "defamed leader_defamed", "356(2)"),
    ],
)
def test_what_only_stands_beside_is_listed_and_not_proposed(
    book: OffenceBook, text: str, facts: str, section: str
) -> None:
    decisions = [d for d in judged(book, text, facts).values() if d.offence.section == section and d.offence.entry == 1]
    assert [d.standing for d in decisions] == [Standing.POSSIBLE]


@pytest.mark.parametrize(
    ("text", "facts", "kept", "out"),
    [
        # Sheltering by husband or wife is no offence: exceptions of 249, 253 and 254.
        ("She gave shelter to him.", "offender_sheltered offender_grave sheltered_by_spouse", set(), {"249(b)"}),
        # What the parties may lawfully settle may also be paid for: exception of 251.
        (
            "His father offered money to hush up the beating.",
            "bribe_offered_to_shield offender_lesser lawful_compromise",
            set(),
            {"251(c)"},
        ),
        # An escape from custody that is not for a crime is 265, not 262.
        (
            "A boy escaped from the observation home; two more had escaped from custody earlier.",
            "escaped_custody custody_not_for_crime",
            {"265"},
            {"262"},
        ),
        # Where the crowd used force, being armed in it is part of rioting.
        (
            "An armed mob with lathis beat the guard.",
            "group_of_five armed_group crowd_gathered beaten threatened",
            {"191(3)"},
            {"189(4)"},
        ),
        # Mischief by loss keeps its own, graver sub-section over that for public property.
        (
            "They broke the street light and damaged the panchayat gate, the repair will cost Rs 45,000.",
            "damaged public_property",
            {"324(4)"},
            {"324(3)"},
        ),
    ],
)
def test_exceptions_and_families(book: OffenceBook, text: str, facts: str, kept: set[str], out: set[str]) -> None:
    sections = {number for number, _ in proposed(judged(book, text, facts, sums=(45000,)))}
    assert kept <= sections
    assert not out & sections


def test_they_are_only_opened_by_their_words_and_screen_nothing(book: OffenceBook) -> None:
    everything = {q: Answer(0.99) for q in book.screening}
    opened = merge("A plain complaint.", (), everything, law=Law.BNS, book=book).opened
    assert {o.offence.id for o in opened} & {o.id for o in rarer(book)} == set()


def test_ordinary_complaints_are_not_crowded(book: OffenceBook) -> None:
    """Their words must not stand in the complaints of every day, or they would use up the questions."""
    rare = {o.id for o in rarer(book)}
    cases = [json.loads(line) for line in TUNING.read_text(encoding="utf-8").splitlines()]
    hits = Counter(
        i
        for case in cases
        for i in rare & word_hits(case["text"], book).keys()
        if book.by_id[i].ref.base not in {*chain(*case["required_groups"]), *case["acceptable_sections"]}
    )
    assert len(cases) > 70
    assert hits.total() <= len(cases) / 20


def test_each_question_about_the_offender_has_one_answer_per_line(book: OffenceBook) -> None:
    """The lines that differ by the gravity of the other person's offence never stand together."""
    text = "His friends harboured him and gave him shelter."
    for gravity, section in (
        ("offender_capital", "249(a)"),
        ("offender_grave", "249(b)"),
        ("offender_lesser", "249(c)"),
    ):
        assert proposed(judged(book, text, f"offender_sheltered {gravity}")) == {(section, 1)}


def test_no_offence_contradicts_itself(book: OffenceBook) -> None:
    """What an offence demands, with all that it implies, must not be what it excludes."""
    for offence in rarer(book):
        facts = " ".join((*offence.all, *(group[-1] for group in offence.any)))
        decisions = judged(book, words_of(offence), facts, sums=offence.loss or ())
        expected = Standing.POSSIBLE if offence.listed_only else Standing.PROPOSED
        assert decisions[offence.id].standing is expected, offence.id


def words_of(offence: Offence) -> str:
    return offence.words.en[0].rstrip("*")
