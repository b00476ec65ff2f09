from afirgen.case.law import SectionRef
from afirgen.legal_kb.passages import Everyday, Passage, PassageKind, passages_of
from afirgen.legal_kb.statutes import BNS, KnowledgeBase, StatuteSection, load_knowledge_base
from afirgen.legal_kb.tellings import Telling

THEFT = SectionRef(BNS, "303")


def of(passages: tuple[Passage, ...], ref: SectionRef, kind: PassageKind) -> list[str]:
    return [p.text for p in passages if p.section == ref and p.kind is kind]


def test_each_section_gives_title_sentences_and_schedule_lines() -> None:
    passages = passages_of(load_knowledge_base())
    assert of(passages, THEFT, PassageKind.TITLE) == ["Theft"]
    assert all(text.startswith("Theft: ") for text in of(passages, THEFT, PassageKind.STATEMENT))
    assert len(of(passages, THEFT, PassageKind.STATEMENT)) > 1
    assert of(passages, THEFT, PassageKind.SCHEDULE) == ["First-time theft of property worth under Rs 5,000"]
    assert {p.section.number for p in passages if p.section.act == BNS} == {str(n) for n in range(1, 359)}


def test_passages_are_short_and_unique() -> None:
    passages = passages_of(load_knowledge_base())
    assert max(len(p.text) for p in passages) < 600
    assert len({(p.section, p.text) for p in passages}) == len(passages)


def test_everyday_words_stand_for_the_base_section_a_few_at_a_time() -> None:
    words = Everyday(section=SectionRef(BNS, "303(2)"), language="hi", text="चोरी, गायब, चोर, जेब कटी")
    passages = passages_of(load_knowledge_base(), [words])
    assert of(passages, THEFT, PassageKind.EVERYDAY) == ["चोरी, गायब, चोर", "जेब कटी"]
    assert {p.language for p in passages if p.kind is PassageKind.EVERYDAY} == {"hi"}


def test_tellings_stand_whole_for_their_section() -> None:
    told = Telling(THEFT, "en", "My cycle is gone, I had left it at the gate, and nobody saw who took it.")
    passages = passages_of(load_knowledge_base(), (), [told])
    assert of(passages, THEFT, PassageKind.TELLING) == [told.text]


def test_long_sentences_are_cut_and_nothing_is_lost() -> None:
    statement = "Taking " + ", ".join(f"thing number {n}" for n in range(60)) + "."
    section = StatuteSection(ref=SectionRef("Some Act", "1"), title="", statement=statement)
    texts = of(passages_of(KnowledgeBase([section], [])), section.ref, PassageKind.STATEMENT)
    assert len(texts) > 2
    assert max(map(len, texts)) <= 300
    assert " ".join(texts) == statement


def test_imported_texts_are_found_under_the_shipped_section_and_unknown_ones_of_a_full_act_are_not() -> None:
    kb = load_knowledge_base()
    extra = [
        StatuteSection(ref=SectionRef(BNS, n), title=f"Old title {n}", statement="Old.", origin="old.jsonl")
        for n in ("303(2)", "999")
    ]
    passages = passages_of(KnowledgeBase(kb.sections(), list(kb.scheduled()), extra))
    assert of(passages, THEFT, PassageKind.TITLE) == ["Theft", "Old title 303(2)"]
    assert of(passages, SectionRef(BNS, "999"), PassageKind.TITLE) == []
