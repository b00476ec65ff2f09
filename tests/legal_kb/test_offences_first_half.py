"""Sections 49 to 188: every line of the schedule has its ingredients, and complaints lead to the right one."""

import pytest

from afirgen.case.law import Standing
from afirgen.legal_kb.decide import Answer, Decision, decide
from afirgen.legal_kb.everyday import word_hits
from afirgen.legal_kb.offences import OffenceBook
from afirgen.legal_kb.statutes import KnowledgeBase

FIRST, LAST = 49, 188


def judged(book: OffenceBook, yes: str) -> dict[str, Decision]:
    """Decide on all offences with the named facts, and what they imply, met and all others not met."""
    facts = yes.split()
    for fact in facts:
        facts += [q for q in book.questions[fact].implies if q not in facts]
    answers = {q: Answer(0.95 if q in facts else 0.02) for q in book.questions}
    return {d.offence.id: d for d in decide(book.offences, answers, book)}


def proposed(decisions: dict[str, Decision]) -> set[str]:
    return {d.offence.section for d in decisions.values() if d.standing is Standing.PROPOSED}


def test_every_line_of_the_schedule_is_covered(kb: KnowledgeBase, book: OffenceBook) -> None:
    covered = {(o.section, o.entry) for o in book.offences if o.act == "BNS"}
    lines = [(e.section.number, e.number) for e in kb.scheduled() if FIRST <= int(e.section.base) <= LAST]
    assert len(lines) == 187
    assert [line for line in lines if line not in covered] == []


@pytest.mark.parametrize(
    ("text", "offence", "yes", "sections"),
    [
        (
            "Her stepfather raped her again and again when her mother was at work.",
            "rape_in_trust",
            "sexual rape rapist_in_trust",
            {"64(2)"},
        ),
        (
            "I am living separately for two years. My husband came and forced himself on me.",
            "intercourse_by_separated_husband",
            "sexual rape forced_by_husband lives_apart",
            {"67"},
        ),
        (
            "A local channel has shown the photo of the victim and told the name of the rape victim.",
            "naming_rape_victim",
            "victim_named",
            {"72(1)"},
        ),
        (
            "He was already married and hid his first marriage from us. They wed in May.",
            "bigamy_hidden",
            "second_marriage first_marriage_hidden",
            {"82(2)"},
        ),
        (
            "उसने मुझे धोखे से गोली खिलाई और मेरा गर्भपात हो गया।",
            "miscarriage_without_consent",
            "miscarriage no_consent_to_abort",
            {"89"},
        ),
        (
            "A newborn was lying in the bushes behind the bus stand, crying.",
            "abandoning_child",
            "child_abandoned left_for_good",
            {"93"},
        ),
        (
            "जेबकतरों का गिरोह नाबालिग से चोरी करवाता है।",
            "hiring_child_done",
            "child_hired child_did_it",
            {"95"},
        ),
        (
            "My mother died on the table: wrong injection, negligence of the doctor at the nursing home.",
            "death_by_medical_negligence",
            "died patient_died",
            {"106(1)"},
        ),
        (
            "Class nine student hanged himself; two seniors had mocked him daily.",
            "abetment_of_suicide_of_child",
            "died suicide driven_to_suicide child_victim",
            {"107"},
        ),
        (
            "Do ladke sharab ke liye paise maang rahe the, mana kiya to mujhe peeta.",
            "hurt_to_extort",
            "beaten hurt_to_extort",
            {"119(1)"},
        ),
        (
            "The shop owner tied me and beat me on suspicion of theft; my arm is broken.",
            "grievous_hurt_for_confession",
            "beaten bone_broken hurt_to_confess",
            {"120(2)"},
        ),
        (
            "The constable on duty was hit with a rod and his hand is broken.",
            "grievous_hurt_to_official",
            "official_attacked beaten weapon_used bone_broken",
            {"121(2)", "118(2)"},
        ),
        (
            "He threw a bottle of acid at me but I moved and it fell on the wall.",
            "acid_throwing",
            "acid_missed",
            {"124(2)"},
        ),
        (
            "The contractor kept us locked for 15 days in a godown.",
            "confinement_ten_days",
            "confined ten_days",
            {"127(4)"},
        ),
        (
            "They locked me in and made me sign blank cheques.",
            "confinement_to_extort",
            "confined confined_to_extort",
            {"127(7)"},
        ),
        (
            "He caught my collar and pushed me in the queue.",
            "assault",
            "force_used",
            {"131"},
        ),
        (
            "அவர்கள் எனக்கு செருப்பு மாலை போட்டு ஊர்வலமாக அழைத்துச் சென்றனர்.",
            "assault_to_dishonour",
            "shamed_by_force",
            {"133"},
        ),
        (
            "A boy on a scooter tried to snatch my chain but I held it and he went off.",
            "force_in_attempted_theft",
            "snatch_failed",
            {"134"},
        ),
        (
            "She keeps four small children and they are made to beg at the signal.",
            "kidnapping_for_begging",
            "child_for_begging",
            {"139(1)"},
        ),
        (
            "Traffickers brought minor girls; child trafficking by a placement agency.",
            "trafficking_children",
            "children_trafficked child_victim",
            {"143(5)"},
        ),
        (
            "He was distributing liquor to voters the night before polling.",
            "election_bribery",
            "election vote_bribed",
            {"173"},
        ),
        (
            "When I reached the booth my vote was already cast; it is bogus voting.",
            "election_influence",
            "election vote_personated",
            {"174"},
        ),
        (
            "A man in army uniform, who is no soldier, was checking bags at the fair.",
            "wearing_soldiers_dress",
            "soldier_dress",
            {"168"},
        ),
        (
            "नोट छापने की मशीन और कागज उसके कमरे में मिले।",
            "counterfeiting_tools",
            "counterfeit_tools",
            {"181"},
        ),
    ],
)
def test_complaints_lead_to_their_section(
    book: OffenceBook, text: str, offence: str, yes: str, sections: set[str]
) -> None:
    assert offence in word_hits(text, book)
    decisions = judged(book, yes)
    assert decisions[offence].standing is Standing.PROPOSED
    assert proposed(decisions) == sections


@pytest.mark.parametrize(
    ("text", "offence", "yes"),
    [
        (
            "Shyam stood there and shouted beat him, and his sons hit me.",
            "abettor_present",
            "instigated done_as_urged urger_present",
        ),
        (
            "He paid a contract killer but the man came and told me.",
            "abetment_grave_in_vain",
            "instigated grave_crime_urged urged_in_vain",
        ),
        ("They hatched a plan in a hotel and took my money.", "conspiracy_to_grave_offence", "agreed_before deceived"),
        ("Last night somebody tried to break the lock of the godown and ran.", "attempt", "tried_and_failed"),
        (
            "A truck hit my brother, he is dead, and the driver fled.",
            "fatal_hit_and_run",
            "died hit_by_vehicle rash_driving driver_fled",
        ),
        ("There was a bomb blast in the market.", "terror_act", "terror_act"),
        ("He made a speech for a separate country and armed rebellion.", "endangering_unity", "secession"),
        ("The land mafia of our area does this for years.", "organised_crime", "syndicate charged_before"),
    ],
)
def test_what_stays_for_the_officer_is_listed_and_not_proposed(
    book: OffenceBook, text: str, offence: str, yes: str
) -> None:
    assert offence in word_hits(text, book)
    assert judged(book, yes)[offence].standing is Standing.POSSIBLE


@pytest.mark.parametrize(
    ("offence", "yes"),
    [
        ("assault", "force_used beaten"),
        ("hurt_to_extort", "stolen force_in_taking hurt_to_extort"),
        ("hurt_to_extort", "wife_cruelty hurt_to_extort"),
        ("sexual_remarks", "sexual sexual_remark sexual_request"),
        ("death_by_medical_negligence", "died patient_died quack"),
        ("miscarriage", "miscarriage lawful_abortion"),
        ("endangering_unity", "secession only_criticism"),
        ("sheltering_deserter", "deserter_sheltered by_spouse"),
        ("abetting_mutiny", "mutiny_urged by_soldier"),
        ("petty_organised_crime", "gang_member stolen force_in_taking"),
    ],
)
def test_what_excludes_it_rejects_it(book: OffenceBook, offence: str, yes: str) -> None:
    assert judged(book, yes)[offence].standing is Standing.REJECTED


def test_rare_offences_wait_for_their_words(book: OffenceBook) -> None:
    everyday = """My cycle was stolen from outside the shop at night. The lock was broken. My neighbour abused me, slapped me
        and said that he will kill me. My husband beats me for dowry. I paid for a phone online and was cheated. He took
        my purse and ran. A car hit my scooter and my leg is broken. My daughter did not come home from school."""
    opened = {i for i in word_hits(everyday, book) if book.by_id[i].needs_words and book.by_id[i].act == "BNS"}
    assert opened == set()


def test_no_question_of_the_rare_offences_is_put_to_every_complaint(book: OffenceBook) -> None:
    common = {q for o in book.offences if not o.needs_words for q in o.question_ids}
    assert set(book.screening) <= common
