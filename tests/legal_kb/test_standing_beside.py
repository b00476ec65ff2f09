"""Which offences stand beside each other, by the facts of a complaint: the law, without a model."""

import pytest

from afirgen.case.law import Standing
from afirgen.legal_kb.decide import Answer, decide
from afirgen.legal_kb.everyday import word_hits
from afirgen.legal_kb.offences import OffenceBook


def proposed(book: OffenceBook, facts: str, text: str) -> set[str]:
    """Return the sections proposed where just these facts are met and the words of ``text`` are there."""
    met = set(facts.split())
    answers = {q: Answer(0.95 if q in met else 0.02) for q in book.questions}
    hits = word_hits(text, book)
    offences = [o for o in book.offences if not o.needs_words or o.id in hits]
    decisions = decide(offences, answers, book)
    return {d.offence.section for d in decisions if d.standing is Standing.PROPOSED}


@pytest.mark.parametrize(
    ("facts", "text", "sections"),
    [
        # One attack, two victims.
        (
            "died murdered died_of_attack beaten weapon_used other_injured",
            "My brother was stabbed to death; I intervened and was also stabbed.",
            {"103(1)", "118(1)"},
        ),
        # A death long ago has nothing to do with the beating.
        ("died beaten", "My husband died in 2019. His brother slapped me.", {"115(2)"}),
        ("died beaten died_of_attack", "He was beaten and succumbed to the injuries.", {"105"}),
        # Who hit the driver afterwards did not make the death a homicide.
        (
            "died careless_harm hit_by_vehicle rash_driving beaten",
            "The truck ran over my son. People caught the driver and beat him.",
            {"106(1)", "281"},
        ),
        # A wife who is killed or takes her life without any demand of dowry.
        ("died murdered wife_dead", "My daughter was strangled by her husband.", {"103(1)"}),
        (
            "died suicide driven_to_suicide wife_dead wife_cruelty told_by_wife_or_kin",
            "My daughter hanged herself. Her husband tortured her.",
            {"108", "85"},
        ),
        ("died wife_dead murdered dowry", "Killed for dowry.", {"80(2)", "4"}),
        # An attempt needs no weapon.
        ("tried_to_kill deadly_act", "He tried to drown my son.", {"109(1)"}),
        ("beaten hit_by_vehicle damaged", "After the collision he got down and slapped me.", {"115(2)"}),
        # Getting in unseen to steal is house-breaking too (BNS 330).
        ("entered hid_entry stolen no_consent from_building at_night", "He hid in the shop.", {"331(4)", "305"}),
        ("on_land stolen no_consent", "They entered upon the land and took the crop.", {"329(3)", "303(2)"}),
        # A father-in-law who molests; a husband who beats.
        ("wife_cruelty sexual touched_woman", "My father-in-law molested me.", {"85", "74"}),
        ("wife_cruelty beaten touched_woman", "My husband beat me and pulled my hair.", {"85", "115(2)"}),
        # Force against an officer and keeping him from his duty are two offences.
        ("official_attacked official_obstructed", "They pushed the patwari on duty.", {"132", "221"}),
        ("false_profile", "Somebody made a fake profile with my name and photo.", {"66C"}),
        ("drunk_driver", "The driver was drunk when the breath analyser was used.", {"185"}),
        ("morphed made_to_defame", "A deepfake of me was sent round.", {"336(4)"}),
        (
            "intimate_shared private_pictures_online by_phone_or_net",
            "My private pics are on a group.",
            {"77", "66E", "67"},
        ),
        ("child_victim child_touched sexual", "The tutor gave my son a bad touch.", {"8"}),
        ("stolen no_consent had_stolen", "My stolen cycle was found with a scrap dealer.", {"303(2)", "317(2)"}),
        ("rape child_victim sexual child_touched", "My minor daughter was raped.", {"64(1)", "4"}),
        ("rape child_victim under_sixteen sexual child_touched", "My minor daughter was raped.", {"65(1)", "4"}),
        ("dowry", "Dowry was demanded before the wedding.", {"4"}),
        (
            "died murdered died_of_attack evidence_hidden",
            "He was strangled and they dumped the body.",
            {"103(1)", "238(a)"},
        ),
        ("person_gone abducted confined", "He was abducted and locked in.", {"140(3)", "127(2)"}),
        ("harmed_by_deceit", "A bogus order was placed; all the food was wasted.", {"318(2)"}),
    ],
)
def test_what_the_facts_make_out(book: OffenceBook, facts: str, text: str, sections: set[str]) -> None:
    assert proposed(book, facts, text) == sections


def test_a_drug_without_a_name_is_listed_and_not_proposed(book: OffenceBook) -> None:
    """NDPS Act 8 and 15 to 23: the punishing section follows from the drug."""
    assert proposed(book, "drugs", "He sells drugs near the school.") == set()
    assert proposed(book, "drugs", "He sells ganja near the school.") == {"20"}


def test_rape_stays_before_the_officer_where_marriage_was_promised_too(book: OffenceBook) -> None:
    answers = {q: Answer(0.95 if q in {"sexual", "rape", "promise_to_marry"} else 0.02) for q in book.questions}
    forms = [o for o in book.offences if o.section in {"64(1)", "69"}]
    shown = [(d.offence.section, d.standing) for d in decide(forms, answers, book)]
    assert shown[0] == ("69", Standing.PROPOSED)
    # The form of the offence that may still be made out comes before the one that the promise rules out.
    assert next(standing for section, standing in shown if section == "64(1)") is Standing.POSSIBLE
