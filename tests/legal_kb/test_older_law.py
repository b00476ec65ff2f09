"""The Indian Penal Code beside the BNS: every registrable offence has its number, a doubt or none for a reason."""

import pytest

from afirgen.case.law import Law, SectionRef
from afirgen.legal_kb.law_checks import attributes_in
from afirgen.legal_kb.offences import OffenceBook
from afirgen.legal_kb.older_law import as_numbered, governed
from afirgen.legal_kb.statutes import KnowledgeBase

# The BNS made these offences, or made a form of its own where the IPC had only the plain offence.
NEW_IN_THE_BNS = {"hiring_child", "hiring_child_done", "petty_organised_crime", "suicide_to_compel", "mischief_1_lakh"}


def test_every_offence_that_can_be_registered_has_an_older_number(book: OffenceBook) -> None:
    bare = {o.id for o in book.offences if o.act == "BNS" and not o.ipc and not o.listed_only}
    assert bare == NEW_IN_THE_BNS


def test_special_acts_have_no_older_number(book: OffenceBook) -> None:
    assert [o.id for o in book.offences if o.act != "BNS" and (o.ipc or o.ipc_doubt)] == []


def test_doubts_are_plain_sentences(book: OffenceBook) -> None:
    doubts = {o.id: o.ipc_doubt for o in book.offences if o.ipc_doubt}
    assert doubts.keys() >= {"gang_rape_of_minor", "deceitful_intercourse", "using_false_seal"}
    assert all("IPC" in doubt and doubt.endswith(".") for doubt in doubts.values())


def test_the_governing_law_decides_which_offences_there_are(book: OffenceBook) -> None:
    known = {o.id: o for o in governed(book.offences, Law.IPC)}
    assert not NEW_IN_THE_BNS & known.keys()
    assert known["gang_rape_of_minor"].listed_only
    assert known["theft"] is book.by_id["theft"]
    assert known["it_computer"] is book.by_id["it_computer"]
    for law in (Law.BNS, Law.OFFICER_DECIDES):
        assert governed(book.offences, law) == book.offences


@pytest.mark.parametrize(
    ("offence", "number", "months", "life", "death"),
    [
        ("murder", "302", None, True, True),
        ("theft", "379", 36, False, False),
        ("robbery", "392", 120, False, False),
        ("cheating", "420", 84, False, False),
        ("breach_of_trust", "406", 36, False, False),
        ("death_by_negligence", "304A", 24, False, False),
        ("rash_driving", "279", 6, False, False),
        ("criminal_intimidation", "506", 24, False, False),
        ("grave_intimidation", "506", 84, False, False),
        ("grievous_hurt_permanent", "325", 84, False, False),
        ("rape", "376", None, True, False),
        ("cruelty", "498A", 36, False, False),
    ],
)
def test_terms_before_the_bns(
    kb: KnowledgeBase, book: OffenceBook, offence: str, number: str, months: int | None, *, life: bool, death: bool
) -> None:
    named = book.by_id[offence]
    found = as_numbered(SectionRef("IPC", number), attributes_in(named, kb), named, kb)
    assert found
    assert (found.max_months, found.life, found.death) == (months, life, death)
    assert found.punishment == f"as IPC {number} lays down"


def test_the_bns_number_keeps_its_own_attributes(kb: KnowledgeBase, book: OffenceBook) -> None:
    theft = book.by_id["theft"]
    assert as_numbered(theft.ref, attributes_in(theft, kb), theft, kb) == attributes_in(theft, kb)
