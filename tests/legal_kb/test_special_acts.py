"""Special acts: facts lead to the right section beside the penal code, and attributes follow the acts."""

import re

import pytest

from afirgen.case.law import Attributes, Cognizance, Law, Standing
from afirgen.legal_kb.decide import Answer, decide
from afirgen.legal_kb.offences import Offence, OffenceBook
from afirgen.legal_kb.statutes import KnowledgeBase
from afirgen.pipeline.retrieve import merge

SC_ST = "SC/ST (Prevention of Atrocities) Act 1989"
PROVISIONS = {
    "IT Act 2000": "66 66C 66D 66E 67 67A 67B",
    "POCSO Act 2012": "4 6 8 10 12 14 15 21",
    "NDPS Act 1985": "8 15 18 20 21 22 27 29",
    "Arms Act 1959": "25 27",
    SC_ST: "3(1)(a) 3(1)(d) 3(1)(e) 3(1)(f) 3(1)(g) 3(1)(r) 3(1)(s) 3(1)(w) 3(1)(z) 3(1)(za) 3(1)(zc) 3(2)(iv) 3(2)(v) 3(2)(va)",
    "Dowry Prohibition Act 1961": "3 4",
    "Motor Vehicles Act 1988": "183 184 185 187",
    "Prevention of Corruption Act 1988": "7",
    "Railway Property (Unlawful Possession) Act 1966": "3",
    "Public Gambling Act 1867": "3 4 13",
    "Explosives Act 1884": "9B",
    "Explosive Substances Act 1908": "3 4 5",
    "Prevention of Damage to Public Property Act 1984": "3 4",
    "Wild Life (Protection) Act 1972": "51",
    "Juvenile Justice Act 2015": "75",
    "Prevention of Insults to National Honour Act 1971": "2 3",
    "Essential Commodities Act 1955": "7",
}


@pytest.fixture(scope="module")
def special(book: OffenceBook) -> list[Offence]:
    return [o for o in book.offences if o.act != "BNS"]


def proposed(book: OffenceBook, text: str, facts: str) -> set[str]:
    """Decide with the named facts and what they imply met, and all others not; give what special acts propose."""
    met = facts.split()
    for fact in met:
        met += [q for q in book.questions[fact].implies if q not in met]
    answers = {q: Answer(0.95 if q in met else 0.02) for q in book.questions}
    screened = {q: answers[q] for q in book.screening}
    opened = [o.offence for o in merge(text, (), screened, law=Law.BNS, book=book).opened]
    standing = [d.offence for d in decide(opened, answers, book) if d.standing is Standing.PROPOSED]
    return {str(o.ref) for o in standing if o.act != "BNS"}


def test_every_provision_has_ingredients(special: list[Offence]) -> None:
    for act, numbers in PROVISIONS.items():
        assert {o.section for o in special if o.act == act} == set(numbers.split()), act
    assert {o.act for o in special} == PROVISIONS.keys()


@pytest.mark.parametrize(
    ("text", "facts", "sections"),
    [
        (
            "A former employee entered our server at night and deleted all files.",
            "computer_entered",
            {"IT Act 2000 66"},
        ),
        (
            "He put our intimate video on a website.",
            "sexual sexual_act_online private_pictures_online by_phone_or_net",
            {"IT Act 2000 67A"},
        ),
        (
            "The tuition teacher touched my daughter, aged ten.",
            "sexual touched_woman child_victim under_twelve trusted_with_child",
            {"POCSO Act 2012 10"},
        ),
        (
            "He filmed the child and sold the obscene video of the child.",
            "sexual child_in_pictures child_victim",
            {"POCSO Act 2012 14"},
        ),
        (
            "The hostel warden beats the boys with a belt.",
            "in_charge_of_child child_victim",
            {"Juvenile Justice Act 2015 75"},
        ),
        ("दो किलो अफीम मिली।", "drugs", {"NDPS Act 1985 18"}),
        ("Usse 300 nashili tablet mili.", "drugs", {"NDPS Act 1985 22"}),
        ("Three boys were smoking ganja behind the school.", "drug_taken", {"NDPS Act 1985 27"}),
        (
            "The truck hit him and the driver fled without stopping.",
            "hit_by_vehicle driver_fled",
            {"Motor Vehicles Act 1988 187"},
        ),
        (
            "The clerk wants a bribe of five thousand for the certificate.",
            "bribe",
            {"Prevention of Corruption Act 1988 7"},
        ),
        (
            "Men unscrewed the pandrol clips of the railway track.",
            "railway_property",
            {"Railway Property (Unlawful Possession) Act 1966 3"},
        ),
        (
            "Six men were playing cards for money in the park.",
            "gambling gambling_in_public",
            {"Public Gambling Act 1867 13"},
        ),
        (
            "He runs gambling in the upper room; six gamblers sat there.",
            "gambling gaming_house",
            {"Public Gambling Act 1867 3", "Public Gambling Act 1867 4"},
        ),
        ("They hurled a bomb into the yard.", "bomb_set_off bomb_kept", {"Explosive Substances Act 1908 3"}),
        ("He keeps crackers without licence in a cracker godown.", "explosive_unlicensed", {"Explosives Act 1884 9B"}),
        (
            "The crowd smashed the windows of a roadways bus.",
            "damaged public_property",
            {"Prevention of Damage to Public Property Act 1984 3"},
        ),
        (
            "The crowd set fire to the bus of the State.",
            "damaged set_fire public_property",
            {"Prevention of Damage to Public Property Act 1984 4"},
        ),
        ("கிராமத்தில் மானை வேட்டையாடினார்கள்.", "wild_animal", {"Wild Life (Protection) Act 1972 51"}),
        (
            "He burnt the tricolour in the market.",
            "flag_insulted",
            {"Prevention of Insults to National Honour Act 1971 2"},
        ),
        (
            "The ration dealer sells the rice in the black market.",
            "controlled_goods",
            {"Essential Commodities Act 1955 7"},
        ),
        (
            "We are dalit. They barred us from the village well.",
            "caste_member caste_barred",
            {f"{SC_ST} 3(1)(za)"},
        ),
        (
            "The whole village boycotts us, hukka pani band, we are of a scheduled caste.",
            "caste_member caste_boycott",
            {f"{SC_ST} 3(1)(zc)"},
        ),
    ],
)
def test_facts_lead_to_the_section(book: OffenceBook, text: str, facts: str, sections: set[str]) -> None:
    assert proposed(book, text, facts) == sections


def test_words_alone_propose_nothing(book: OffenceBook) -> None:
    text = "A bomb, a bribe, a deer, ganja, gambling, ration dealer, national flag, server, opium, dalit, roadways bus."
    assert proposed(book, text, "") == set()


def test_beside_another_offence_the_caste_alone_is_for_the_officer(book: OffenceBook) -> None:
    """SC/ST Act 3(2)(v) and (va) ask what the doer knew and was, which the complaint does not settle."""
    assert proposed(book, "I am a dalit and he beat me.", "caste_member beaten") == set()


def test_attributes_are_those_of_the_schedule_unless_the_act_says_otherwise(
    kb: KnowledgeBase, special: list[Offence]
) -> None:
    """BNSS First Schedule, Part II; an act with a rule of its own is named in the condition."""
    gravest, middle, light = kb.other_law_entries()

    def line(found: Attributes) -> Attributes:
        if found.life or found.death or (found.max_months or 0) > 84:
            return gravest
        return middle if (found.max_months or 0) >= 36 else light

    for offence in special:
        found = offence.attributes
        assert found, offence.id
        expected = line(found)
        same = (found.cognizable, found.bailable, found.court) == (
            expected.cognizable,
            expected.bailable,
            expected.court,
        )
        assert same or found.condition, offence.id


def test_terms_are_those_that_the_punishment_states(special: list[Offence]) -> None:
    months = {"month": 1, "year": 12}
    for offence in special:
        found = offence.attributes
        assert found
        stated = [int(n) * months[unit] for n, unit in re.findall(r"(\d+) (year|month)s?", found.punishment)]
        # A term without an upper bound counts among those of seven years and more.
        wanted = 84 if "or more" in found.punishment and "years or more" in found.punishment else max(stated, default=0)
        assert (found.max_months or 0) in {wanted, 0 if found.life else wanted}, offence.id
        assert found.life == ("life" in found.punishment), offence.id
        assert found.death == ("death" in found.punishment), offence.id


def test_police_cannot_arrest_for_what_the_acts_leave_to_others(special: list[Offence]) -> None:
    """Railway Property Act 5; Juvenile Justice Act 86(2) as amended in 2021; First Schedule for small terms."""
    marks = {o.id: o.attributes.cognizable for o in special if o.attributes}
    for offence_id in ("railway_property", "child_cruelty", "accident_duties", "over_speeding", "pocso_not_reported"):
        assert marks[offence_id] is Cognizance.NO
    assert marks["gaming_in_street"] is Cognizance.YES
