"""The officer's five steps and the only table of allowed moves between them."""

from enum import StrEnum


class Step(StrEnum):
    """A review step, in order."""

    TRANSCRIPT = "transcript_review"
    SUMMARY = "summary_review"
    VIOLATIONS = "violations_review"
    NARRATIVE = "fir_narrative_review"
    FINAL = "final_review"

    @property
    def following(self) -> "Step | None":
        """The step that approval of this one leads to; None after the last."""
        steps = list(Step)
        index = steps.index(self) + 1
        return steps[index] if index < len(steps) else None


class SessionStatus(StrEnum):
    """State of a case as the REST API shows it."""

    PROCESSING = "processing"
    AWAITING_VALIDATION = "awaiting_validation"
    COMPLETED = "completed"
    EXPIRED = "expired"
    ERROR = "error"


class FirStatus(StrEnum):
    """State of a numbered FIR."""

    PENDING = "pending"
    FINALIZED = "finalized"


REGENERABLE = frozenset({Step.SUMMARY, Step.VIOLATIONS, Step.NARRATIVE})
