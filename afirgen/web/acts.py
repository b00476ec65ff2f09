"""What is done beside deciding a case's steps, the same from the page and from a program."""

import hmac
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from afirgen.case.audit import Action, Actor, Channel, Entry, Event, Role
from afirgen.case.clocks import Clock, DutyRecord, clocks_for
from afirgen.case.fir import FirDocument, RegisterEntry
from afirgen.case.rights import Right, allow
from afirgen.case.session import SessionStatus
from afirgen.errors import AuthenticationError, InvalidInputError
from afirgen.inference.engine import EngineStatus
from afirgen.store.cases import CaseRecord
from afirgen.web.deps import WebDeps

_LONGEST = 2000
_LONGEST_NAME = 200
_BEFORE_APPROVAL = ("BNSS 173(1), first proviso", "BNSS 173(1), second proviso")


class RecordKind(StrEnum):
    """What can be put on record of a case."""

    READ_OVER = "read_over"
    COPY_GIVEN = "copy_given"
    DUTY = "duty"


RECORDS = {
    RecordKind.READ_OVER: Action.READ_OVER,
    RecordKind.COPY_GIVEN: Action.COPY_GIVEN,
    RecordKind.DUTY: Action.DUTY_DONE,
}


async def put_on_record(deps: WebDeps, case: str, kind: RecordKind, details: dict[str, str | None], by: Actor) -> None:
    """Note that something was done; ``details`` may say in which language, by or to whom, and which duty."""
    allow(by, Right.REVIEW)
    await deps.desk.cases.get(case)
    said = {key: value[:_LONGEST] for key, value in details.items() if value}
    await deps.audit.note(Event(actor=by, action=RECORDS[kind], details=said), case_id=case)


def clocks_of(record: CaseRecord, duties: tuple[str, ...], form: object, entries: Iterable[Entry]) -> tuple[Clock, ...]:
    """Return the times that run in a case: by its duties, its form if there is one, and what is on record."""
    done = [
        DutyRecord(str(msgspec.json.decode(e.payload).get("duty") or ""), datetime.fromisoformat(e.at))
        for e in entries
        if e.action == Action.DUTY_DONE
    ]
    electronic = isinstance(form, FirDocument) and form.particulars.information_type == "electronic"
    return clocks_for(duties, record.reported_on, done, electronic=electronic)


def is_prompt(duty: str) -> bool:
    """Tell whether a duty has to be on record, as done or with the reason why not, before the form is approved."""
    return any(provision in duty for provision in _BEFORE_APPROVAL)


async def attest(deps: WebDeps, case: str, name: str, by: Actor) -> None:
    """Note that the officer has read the whole form; somebody signed in by name attests with that name.

    Raises:
        InvalidInputError: No name, or not the own one; or a duty that comes before the approval is not on record.
    """
    allow(by, Right.REVIEW)
    typed = " ".join(name.split())
    own = by.channel is Channel.PAGE and by.role is not Role.KEY_HOLDER
    if not typed or (own and typed.casefold() != " ".join(by.name.split()).casefold()):
        raise InvalidInputError("Type your own name, as you sign in with it, to attest that you have read the form.")
    law = (await deps.review.view(case)).state.law
    done = (await deps.audit.acts_of([case], Action.DUTY_DONE)).get(case, ())
    recorded = {msgspec.json.decode(entry.payload).get("duty") for entry in done}
    open_prompt = next((d for d in (law.duties if law else ()) if is_prompt(d) and d not in recorded), None)
    if open_prompt is not None:
        raise InvalidInputError(f"Put this on record first, as done or with the reason why not: {open_prompt}")
    details = {"name": typed[:_LONGEST_NAME]}
    await deps.audit.note(Event(actor=by, action=Action.ATTESTED, details=details), case_id=case)


async def switch_model(deps: WebDeps, role: str, model: str, by: Actor) -> EngineStatus:
    """Switch a role to another model and put that on record; the old one works until the new one has passed its check.

    Raises:
        NotAllowedError: The role may not.
        NotFoundError: There is no such model.
        ModelUnavailableError: Its files are missing or did not pass their check.
    """
    allow(by, Right.MANAGE)
    status = await deps.models.switch(role, model)
    details = {"role": role, "model": model}
    await deps.audit.note(Event(actor=by, action=Action.MODEL_SWITCHED, details=details))
    return status


async def register(deps: WebDeps, case: str, key: str, by: Actor) -> tuple[str, RegisterEntry]:
    """Register the approved form of a case with the station's key; return its number and its place in the register.

    Raises:
        InvalidInputError: The form is not approved yet.
        AuthenticationError: The key is not right.
        StepConflictError: It is registered already.
    """
    allow(by, Right.REVIEW)
    view = await deps.review.view(case)
    expected = deps.settings.fir_auth_key
    number = view.record.fir_number
    if view.record.status is not SessionStatus.COMPLETED or not number:
        raise InvalidInputError("The form is not approved yet. Approve it first.")
    if not expected or not hmac.compare_digest(key.encode(), expected.encode()):
        refused = {"fir_number": number}
        await deps.audit.note(Event(actor=by, action=Action.FIR_REFUSED, details=refused), case_id=case)
        raise AuthenticationError("The key for registering is not right.")
    return number, await deps.firs.finalize(number, Event(actor=by, action=Action.FIR_FINALIZED))
