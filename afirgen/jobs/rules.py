"""What an installation allows in the review of cases."""

from dataclasses import dataclass, field

from afirgen.pipeline.intake import Limits


@dataclass(frozen=True)
class Rules:
    """What the installation allows.

    ``capacity`` is how many cases are drafted on at once, ``timeout_s`` how long one may wait for a decision;
    with ``separate_approver`` whoever wrote in a case may not approve its form. After ``lease_s`` without a sign of
    life a job is taken up by another worker, or after a restart.
    """

    capacity: int
    timeout_s: int
    separate_approver: bool = False
    limits: Limits = field(default_factory=Limits)
    lease_s: float = 15.0
