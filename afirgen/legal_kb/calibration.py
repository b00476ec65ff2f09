"""From a model's raw scores to probabilities, and how the numbers for that are found.

The probability of "yes" is the logistic function of ``slope * logit + hint * hinted - bias[question]``. A model
leans to yes on some questions and to no on others; the bias of each question takes that out, drawn towards the
common bias where few examples were seen.
"""

import math
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
import numpy as np
from msgspec import Struct

from afirgen.errors import DataFileError

_FILE = files("afirgen.legal_kb") / "data" / "calibration.json"
_STEPS = 60


class Example(Struct, frozen=True):
    """A question's raw score on a text, whether a hint word stood there, and the truth."""

    question_id: str
    logit: float
    hinted: bool
    truth: bool


class Calibration(Struct, frozen=True, kw_only=True):
    """Numbers fitted for one model; ``bias`` holds the questions, ``common`` serves the rest."""

    model: str
    slope: float
    hint: float
    common: float
    bias: dict[str, float]

    def probability(self, question_id: str, logit: float, *, hinted: bool) -> float:
        """Return the probability that the answer is yes."""
        return _logistic(self.slope * logit + self.hint * hinted - self.bias.get(question_id, self.common))


def load_calibration(file: Traversable = _FILE) -> Calibration:
    """Read the shipped numbers; raise :class:`DataFileError` when the file is not right."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError) as err:
        raise DataFileError(f"The calibration file {file.name} is not right.", detail=str(err)) from err


def fit(examples: Sequence[Example], *, model: str, pull: float = 1.0) -> Calibration:
    """Fit by penalised maximum likelihood; ``pull`` draws each question's bias to the common one."""
    ids = sorted({e.question_id for e in examples})
    width = 3 + len(ids)
    column = {q: 3 + n for n, q in enumerate(ids)}
    rows = np.zeros((len(examples), width))
    for n, example in enumerate(examples):
        rows[n, :3] = example.logit, example.hinted, -1.0
        rows[n, column[example.question_id]] = -1.0
    truth = np.array([e.truth for e in examples], dtype=float)
    penalty = np.full(width, pull)
    penalty[:3] = 1e-3
    weights = np.zeros(width)
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-rows @ weights))
        gradient = rows.T @ (truth - guess) - penalty * weights
        curvature = (rows * (guess * (1 - guess))[:, None]).T @ rows + np.diag(penalty)
        weights += np.linalg.solve(curvature, gradient)
    common = float(weights[2])
    return Calibration(
        model=model,
        slope=round(float(weights[0]), 4),
        hint=round(float(weights[1]), 4),
        common=round(common, 4),
        bias={q: round(common + float(weights[column[q]]), 4) for q in ids},
    )


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > 0 else math.exp(value) / (1 + math.exp(value))
