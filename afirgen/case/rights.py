"""What each role may do. Everybody who is known may look."""

from enum import StrEnum

from afirgen.case.audit import Actor, Role
from afirgen.errors import NotAllowedError


class Right(StrEnum):
    """Something that not everybody may do."""

    REVIEW = "review"
    MANAGE = "manage"
    HOLD = "hold"


_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.RECORDING_OFFICER: frozenset({Right.REVIEW}),
    Role.STATION_HOUSE_OFFICER: frozenset({Right.REVIEW, Right.HOLD}),
    Role.ADMINISTRATOR: frozenset({Right.MANAGE}),
    Role.API_CLIENT: frozenset({Right.REVIEW}),
    Role.KEY_HOLDER: frozenset({Right.REVIEW, Right.MANAGE, Right.HOLD}),
}
_SENTENCES = {
    Right.REVIEW: "Your role may look at cases but not work on them. Ask a recording officer.",
    Right.MANAGE: "Your role may not change how the program is set up. Ask an administrator.",
    Right.HOLD: "Your role may not put a case on hold or lift a hold. Ask the station house officer.",
}


def may(actor: Actor, right: Right) -> bool:
    """Tell whether the actor's role has the right."""
    return right in _RIGHTS.get(actor.role, frozenset())


def allow(actor: Actor, right: Right) -> None:
    """Raise :class:`NotAllowedError` unless the actor's role has the right."""
    if not may(actor, right):
        raise NotAllowedError(_SENTENCES[right])
