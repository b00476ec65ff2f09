"""What the Indian Penal Code changes for an occurrence before 01.07.2024: numbers, punishments, doubts."""

from collections.abc import Sequence

from msgspec import structs

from afirgen.case.law import Attributes, Law, SectionRef
from afirgen.legal_kb.ingredients import Offence
from afirgen.legal_kb.statutes import BNS, IPC, KnowledgeBase


def governed(offences: Sequence[Offence], law: Law) -> tuple[Offence, ...]:
    """Return the offences as the governing law knows them.

    Under the IPC an offence without an older number falls away, so that it absorbs none that has one; where the
    number is in doubt it is listed for the officer only.
    """
    if law is not Law.IPC:
        return tuple(offences)
    known = [o for o in offences if o.ipc or o.ref.act != BNS]
    return tuple(structs.replace(o, listed_only=True) if o.ipc_doubt else o for o in known)


def as_numbered(
    ref: SectionRef, attributes: Attributes | None, offence: Offence, kb: KnowledgeBase
) -> Attributes | None:
    """Return the attributes for the number ``ref`` of the offence; the IPC has its own punishments.

    No schedule of the Code of Criminal Procedure is loaded: what it said of arrest, bail and court is taken from
    the offence's line in the BNSS, and the condition says so. The term is the lesser of the two, because an
    offence of the BNS may be one form of a wider section.
    """
    if attributes is None or ref.act != IPC:
        return attributes
    most = kb.section(ref).most
    months = attributes.max_months
    if most and (months is not None or attributes.life):
        months = min((m for m in (months, most.max_months) if m is not None), default=None)
    return structs.replace(
        attributes,
        punishment=f"as {ref} lays down",
        condition=f"arrest, bail and court as listed for {offence.ref}: check the schedule of the CrPC",
        max_months=months,
        life=attributes.life and (most is None or most.life),
        death=attributes.death and (most is None or most.death),
    )
