"""Whether the law data hold together: with each other, with the statutes and with the First Schedule of the BNSS."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from afirgen.case.law import Attributes, SectionRef
from afirgen.errors import DataFileError, NotFoundError
from afirgen.legal_kb.ingredients import Offence, Question
from afirgen.legal_kb.law_files import LawFile, offence_fault, question_fault
from afirgen.legal_kb.statutes import BNS, IPC, KnowledgeBase

_OVER_SEVEN_YEARS, _THREE_YEARS = 85, 36


def find_faults(files: Sequence[LawFile], kb: KnowledgeBase) -> Iterator[DataFileError]:
    """Give every fault of the files taken together, with file and line."""
    questions = {q: question for f in files for q, question in f.questions.items()}
    offences = {o.id: o for f in files for o in f.offences}
    yield from _repeated(files)
    for file in files:
        for offence in file.offences:
            faults = (*_of_questions(offence, questions), *_of_statute(offence, kb), *_of_family(offence, offences))
            yield from (offence_fault(file.file, offence.id, what) for what in faults)
    used = Counter(q for o in offences.values() for q in o.question_ids)
    for file in files:
        for question_id in file.questions:
            yield from (question_fault(file.file, question_id, w) for w in _of_implied(question_id, questions))
            if not used[question_id]:
                yield question_fault(file.file, question_id, f"no offence uses the question {question_id}")


def reached(start: str, onward: Callable[[str], Iterable[str]]) -> frozenset[str]:
    """Return all that ``start`` leads to, also through others; it is among them only where it leads to itself."""
    found: set[str] = set()
    pending = [*onward(start)]
    while pending:
        each = pending.pop()
        if each not in found:
            found.add(each)
            pending += onward(each)
    return frozenset(found)


def attributes_in(offence: Offence, kb: KnowledgeBase) -> Attributes | None:
    """Return the offence's own attributes, else the schedule's line for it, if there is one."""
    entries = kb.entries(offence.ref)
    return offence.attributes or (entries[offence.entry - 1] if len(entries) >= offence.entry else None)


def _repeated(files: Sequence[LawFile]) -> Iterator[DataFileError]:
    seen: dict[str, LawFile] = {}
    questions: set[str] = set()
    for file in files:
        for offence in file.offences:
            if offence.id in seen:
                nth = 2 if seen[offence.id] is file else 1
                yield offence_fault(file.file, offence.id, "this id is used twice", nth=nth)
            seen[offence.id] = file
        yield from (
            question_fault(file.file, q, f"the question {q} is there already") for q in file.questions if q in questions
        )
        questions.update(file.questions)


def _of_questions(offence: Offence, questions: Mapping[str, Question]) -> Iterator[str]:
    unknown = [q for q in offence.question_ids if q not in questions]
    yield from (f"the question {q} is not in questions.toml" for q in unknown)
    if not offence.all and not offence.any:
        yield "an offence needs at least one ingredient"
    for question_id in offence.opened_by:
        if question_id in questions and not questions[question_id].screen:
            yield f"{question_id} cannot open it, because it is not a screening question"


def _of_statute(offence: Offence, kb: KnowledgeBase) -> Iterator[str]:
    older = [SectionRef(IPC, number) for number in offence.ipc]
    missing = [ref for ref in (offence.ref, *older) if not _is_loaded(ref, kb)]
    yield from (f"{ref} is not in the loaded law" for ref in missing)
    if offence.ipc_doubt and not offence.ipc:
        yield "a doubt about the IPC number needs a number"
    if offence.ref not in missing:
        yield from _of_attributes(offence, kb)


def _of_attributes(offence: Offence, kb: KnowledgeBase) -> Iterator[str]:
    entries = kb.entries(offence.ref)
    if offence.act == BNS:
        if not 1 <= offence.entry <= len(entries):
            yield f"the schedule has {len(entries)} entries for {offence.ref}, not {offence.entry}"
        if offence.attributes:
            yield f"the attributes of {offence.ref} come from the schedule and cannot be set here"
    elif offence.attributes is None:
        if not entries:
            yield f"{offence.ref} needs attributes, because no schedule lists it"
    elif not offence.attributes.condition:
        line = _line_for(offence.attributes, kb)
        if _marks(line) != _marks(offence.attributes):
            yield (
                f"by its term the schedule makes it cognizable {line.cognizable}, bailable {line.bailable}, "
                f"{line.court}; an act that says otherwise is named in condition"
            )


def _line_for(found: Attributes, kb: KnowledgeBase) -> Attributes:
    """Return the line of the schedule's second part, on other laws, that fits the punishment."""
    gravest, middle, light = kb.other_law_entries()
    months = found.max_months or 0
    if found.life or found.death or months >= _OVER_SEVEN_YEARS:
        return gravest
    return middle if months >= _THREE_YEARS else light


def _marks(attributes: Attributes) -> tuple[str, str, str]:
    return attributes.cognizable, attributes.bailable, attributes.court


def _is_loaded(ref: SectionRef, kb: KnowledgeBase) -> bool:
    try:
        kb.section(ref)
    except NotFoundError:
        return False
    return True


def _of_family(offence: Offence, offences: Mapping[str, Offence]) -> Iterator[str]:
    for other in (*offence.contains, *offence.excludes):
        if other not in offences:
            yield f"{other} is not an offence here"
    if offence.id in reached(offence.id, lambda o: offences[o].contains if o in offences else ()):
        yield "it contains itself, through others"


def _of_implied(question_id: str, questions: Mapping[str, Question]) -> Iterator[str]:
    implied = reached(question_id, lambda q: questions[q].implies if q in questions else ())
    if question_id in implied:
        yield f"the question {question_id} implies itself"
    for other in questions[question_id].implies:
        if other not in questions:
            yield f"the question {question_id} implies {other}, which is not a question"
