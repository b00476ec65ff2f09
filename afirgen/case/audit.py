"""Who did what to which record, as entries of one chain in which each holds the hash of the one before."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from msgspec import Struct

GENESIS = "0" * 64
"""The previous hash of the first entry."""


class Role(StrEnum):
    """In what capacity somebody acts."""

    RECORDING_OFFICER = "recording_officer"
    STATION_HOUSE_OFFICER = "station_house_officer"
    ADMINISTRATOR = "administrator"
    API_CLIENT = "api_client"
    KEY_HOLDER = "key_holder"
    PROGRAM = "program"


class Channel(StrEnum):
    """By which way an act reached the program."""

    PAGE = "page"
    API = "api"
    CLI = "cli"
    PROGRAM = "program"


class Actor(Struct, frozen=True, kw_only=True):
    """Who acts. ``address`` is the remote address, None where there is none."""

    name: str
    role: Role
    channel: Channel
    address: str | None = None


MACHINE = Actor(name="AFIRGen", role=Role.PROGRAM, channel=Channel.PROGRAM)
"""The program itself: it drafts, and it ends what has waited too long."""


class Action(StrEnum):
    """What was done."""

    ADOPTED = "record.adopted"
    CASE_ACCEPTED = "case.accepted"
    CASE_EXPIRED = "case.expired"
    CASE_EXPORTED = "case.exported"
    STEP_DRAFTED = "step.drafted"
    STEP_FAILED = "step.failed"
    STEP_EDITED = "step.edited"
    STEP_APPROVED = "step.approved"
    STEP_KEPT = "step.kept"
    STEP_REGENERATED = "step.regenerated"
    STEP_REOPENED = "step.reopened"
    STEP_RETRIED = "step.retried"
    STEP_BY_HAND = "step.by_hand"
    JOB_CANCELLED = "job.cancelled"
    SECTION_ACCEPTED = "section.accepted"
    READ_OVER = "record.read_over"
    COPY_GIVEN = "record.copy_given"
    DUTY_DONE = "record.duty_done"
    ATTESTED = "record.attested"
    FIR_FINALIZED = "fir.finalized"
    FIR_REFUSED = "fir.finalizing_refused"
    FIR_EXPORTED = "fir.exported"
    HOLD_SET = "case.hold_set"
    HOLD_LIFTED = "case.hold_lifted"
    ORIGINAL_EXPORTED = "original.exported"
    ORIGINAL_REMOVED = "original.removed"
    RETENTION_RAN = "retention.ran"
    MODEL_SWITCHED = "model.switched"
    SESSIONS_IMPORTED = "sessions.imported"
    OFFICER_ADDED = "officer.added"
    OFFICER_DISABLED = "officer.disabled"
    OFFICER_RESET = "officer.reset"
    SIGNED_IN = "officer.signed_in"
    SIGN_IN_REFUSED = "officer.sign_in_refused"
    SIGNED_OUT = "officer.signed_out"


class Event(Struct, frozen=True, kw_only=True):
    """Something that was done, before it has its place in the chain. ``details`` is plain JSON."""

    actor: Actor
    action: Action
    details: dict[str, Any] = {}


class Entry(Struct, frozen=True, kw_only=True):
    """A link of the chain. ``at`` is UTC in ISO form; ``payload`` is canonical JSON and hashed as it stands."""

    seq: int
    at: str
    actor: str
    role: str
    channel: str
    address: str | None
    action: str
    case_id: str | None
    payload: str
    previous: str
    hash: str


def link(
    event: Event, *, seq: int, previous: str, at: datetime, case_id: str | None, records: Mapping[str, str]
) -> Entry:
    """Give an event its place in the chain; ``records`` maps each record that it wrote to the record's hash."""
    actor = event.actor
    unhashed: dict[str, Any] = {
        "seq": seq,
        "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
        "actor": actor.name,
        "role": actor.role.value,
        "channel": actor.channel.value,
        "address": actor.address,
        "action": event.action.value,
        "case_id": case_id,
        "payload": canonical({**event.details, "records": dict(records)}),
        "previous": previous,
    }
    return Entry(**unhashed, hash=hash_of(unhashed))


def canonical(value: object) -> str:
    """Return a value as JSON in its one form: keys in order, no blanks, ASCII only."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def hash_of(value: object) -> str:
    """Return the SHA-256 of a value's canonical JSON, in hexadecimal."""
    return sha256(canonical(value).encode("ascii")).hexdigest()


def text_hash(text: str | bytes) -> str:
    """Return the SHA-256 of a text as UTF-8, in hexadecimal."""
    return sha256(text.encode() if isinstance(text, str) else text).hexdigest()
