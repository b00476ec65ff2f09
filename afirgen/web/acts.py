"""What an officer does with a case beside deciding its steps, the same from the page and from a program."""

import hmac
from enum import StrEnum

from afirgen.case.audit import Action, Actor, Channel, Event, Role
from afirgen.case.fir import RegisterEntry
from afirgen.case.rights import Right, allow
from afirgen.case.session import SessionStatus
from afirgen.errors import AuthenticationError, InvalidInputError
from afirgen.web.deps import WebDeps

_LONGEST = 2000
_LONGEST_NAME = 200


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


async def attest(deps: WebDeps, case: str, name: str, by: Actor) -> None:
    """Note that the officer has read the whole form; somebody signed in by name attests with that name.

    Raises:
        InvalidInputError: No name, or not the own one.
    """
    allow(by, Right.REVIEW)
    typed = " ".join(name.split())
    own = by.channel is Channel.PAGE and by.role is not Role.KEY_HOLDER
    if not typed or (own and typed.casefold() != " ".join(by.name.split()).casefold()):
        raise InvalidInputError("Type your own name, as you sign in with it, to attest that you have read the form.")
    details = {"name": typed[:_LONGEST_NAME]}
    await deps.audit.note(Event(actor=by, action=Action.ATTESTED, details=details), case_id=case)


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
