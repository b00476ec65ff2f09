"""From a model's raw scores to probabilities, and how the numbers for that are found.

The probability of "yes" is the logistic function of

    slope * logit + lean * mean + hint[question] * hinted + more * hinted twice + worded * worded + named * named
        - bias[question]

A model leans to yes on some questions and to no on others, and on some texts more than on others: the bias of each
question and the mean logit of the screening questions take that out. What is fitted for one question is drawn
towards what is common to all where few examples were seen.
"""

import math
from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from afirgen.errors import DataFileError

_FILE = files("afirgen.legal_kb") / "data" / "calibration.json"
_STEPS = 60
_COMMON = 7


class Sign(Struct, frozen=True):
    """What is seen of a question on a text: the raw score, the text's mean score, and the hint words there.

    ``worded`` tells whether an everyday word stands in the text for an offence that the question belongs to,
    ``named`` whether a hint word of the question stands in what the model itself calls the wrong that was done.
    """

    logit: float
    mean: float
    hints: int
    worded: bool = False
    named: bool = False


class Example(Struct, frozen=True):
    """A question on a text, and the truth."""

    question_id: str
    sign: Sign
    truth: bool


class Calibration(Struct, frozen=True, kw_only=True):
    """Numbers fitted for one model; what ``bias`` and ``hints`` hold is for a question, the rest is common."""

    model: str
    slope: float
    lean: float
    hint: float
    more: float
    worded: float
    named: float
    common: float
    bias: dict[str, float]
    hints: dict[str, float]

    def probability(self, question_id: str, sign: Sign) -> float:
        """Return the probability that the answer is yes."""
        hint = self.hints.get(question_id, self.hint) * (sign.hints > 0) + self.more * (sign.hints > 1)
        hint += self.worded * sign.worded + self.named * sign.named
        bias = self.bias.get(question_id, self.common)
        return _logistic(self.slope * sign.logit + self.lean * sign.mean + hint - bias)


def load_calibration(file: Traversable = _FILE) -> Calibration:
    """Read the shipped numbers; raise :class:`DataFileError` when the file is not right."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError) as err:
        raise DataFileError(f"The calibration file {file.name} is not right.", detail=str(err)) from err


def fit(examples: Sequence[Example], *, model: str, pull: float = 0.3) -> Calibration:
    """Fit by penalised maximum likelihood; ``pull`` draws each question's numbers to the common ones."""
    ids = sorted({e.question_id for e in examples})
    rows = np.array([_row(e, ids) for e in examples])
    truth = np.array([e.truth for e in examples], dtype=float)
    penalty = np.full(rows.shape[1], pull)
    penalty[:_COMMON] = 1e-3
    weights = np.zeros(rows.shape[1])
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-rows @ weights))
        gradient = rows.T @ (truth - guess) - penalty * weights
        curvature = rows.T @ (rows * (guess * (1 - guess))[:, None]) + np.diag(penalty)
        weights += np.linalg.solve(curvature, gradient)
    slope, lean, hint, more, worded, named, common = (float(w) for w in weights[:_COMMON])
    biases, hints = weights[_COMMON : _COMMON + len(ids)], weights[_COMMON + len(ids) :]
    return Calibration(
        model=model,
        slope=round(slope, 4),
        lean=round(lean, 4),
        hint=round(hint, 4),
        more=round(more, 4),
        worded=round(worded, 4),
        named=round(named, 4),
        common=round(common, 4),
        bias={q: round(common + float(each), 3) for q, each in zip(ids, biases, strict=True)},
        hints={q: round(hint + float(each), 3) for q, each in zip(ids, hints, strict=True)},
    )


def _row(example: Example, ids: Sequence[str]) -> NDArray[np.float64]:
    sign = example.sign
    own = np.array([q == example.question_id for q in ids], dtype=float)
    hinted = float(sign.hints > 0)
    common = [sign.logit, sign.mean, hinted, float(sign.hints > 1), float(sign.worded), float(sign.named), -1.0]
    return np.concatenate([common, -own, own * hinted])


def _logistic(value: float) -> float:
    return 1 / (1 + math.exp(-value)) if value > 0 else math.exp(value) / (1 + math.exp(value))
