"""From a model's raw scores to probabilities, and how the numbers for that are found.

The probability of "yes" is the logistic function of

    slope * logit + lean * mean + hint[question] * hinted + more * hinted twice + worded * worded + named * named
        - bias[question]

A model leans to yes on some questions and to no on others, and on some texts more than on others: the bias of each
question and the mean logit of the screening questions take that out. What is fitted for one question is drawn
towards what is common to all where few examples were seen.
"""

from collections.abc import Sequence
from importlib.resources import files
from importlib.resources.abc import Traversable

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from afirgen.errors import DataFileError
from afirgen.legal_kb.odds import Odds, logistic

_FILE = files("afirgen.legal_kb") / "data" / "calibration.json"
_STEPS = 60
_SETTLED = 1e-5
# The common numbers are held back only so far that they are determined.
_HELD = 1e-3


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
    """Numbers fitted for one model; what ``bias`` and ``hints`` hold is for a question, the rest is common.

    ``offence`` weighs what speaks for an offence as a whole, on the probabilities that the other numbers give; None
    leaves each offence to its ingredients alone.
    """

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
    offence: Odds | None = None

    def probability(self, question_id: str, sign: Sign) -> float:
        """Return the probability that the answer is yes."""
        hint = self.hints.get(question_id, self.hint) * (sign.hints > 0) + self.more * (sign.hints > 1)
        hint += self.worded * sign.worded + self.named * sign.named
        bias = self.bias.get(question_id, self.common)
        return logistic(self.slope * sign.logit + self.lean * sign.mean + hint - bias)


def load_calibration(file: Traversable = _FILE) -> Calibration:
    """Read the shipped numbers; raise :class:`DataFileError` when the file is not right."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Calibration)
    except (OSError, msgspec.DecodeError) as err:
        raise DataFileError(f"The calibration file {file.name} is not right.", detail=str(err)) from err


def fit(examples: Sequence[Example], *, model: str, pull: float = 0.3) -> Calibration:
    """Fit by penalised maximum likelihood; ``pull`` draws each question's numbers to the common ones.

    Newton's method. An example bears on what is common and on its own question alone, so each step is solved for the
    common numbers first, with those of the questions eliminated one by one.
    """
    ids = sorted({e.question_id for e in examples})
    number = {q: n for n, q in enumerate(ids)}
    which = np.array([number[e.question_id] for e in examples])
    common = np.array([_common(e.sign) for e in examples])
    own = np.array([(-1.0, float(e.sign.hints > 0)) for e in examples])
    truth = np.array([e.truth for e in examples], dtype=float)
    shared, questions = np.zeros(common.shape[1]), np.zeros((len(ids), own.shape[1]))
    for _ in range(_STEPS):
        guess = 1 / (1 + np.exp(-(common @ shared + (own * questions[which]).sum(axis=1))))
        missed, weight = truth - guess, (guess * (1 - guess))[:, None]
        of_common = common.T @ missed - _HELD * shared
        of_own = _by_question(own * missed[:, None], which, len(ids)) - pull * questions
        both = common.T @ (common * weight) + _HELD * np.eye(len(shared))
        alone = _by_question(_outer(own, own * weight), which, len(ids)) + pull * np.eye(own.shape[1])
        across = _by_question(_outer(common, own * weight), which, len(ids))
        solved = across @ np.linalg.inv(alone)
        step = np.linalg.solve(
            both - np.einsum("qik,qjk->ij", solved, across), of_common - np.einsum("qik,qk->i", solved, of_own)
        )
        own_step = np.linalg.solve(alone, (of_own - np.einsum("qik,i->qk", across, step))[:, :, None])[:, :, 0]
        shared, questions = shared + step, questions + own_step
        if max(np.abs(step).max(), np.abs(own_step).max()) < _SETTLED:
            break
    return _calibration(model, ids, shared, questions)


def _calibration(
    model: str, ids: Sequence[str], shared: NDArray[np.float64], questions: NDArray[np.float64]
) -> Calibration:
    slope, lean, hint, more, worded, named, common = (float(w) for w in shared)
    return Calibration(
        model=model,
        slope=round(slope, 4),
        lean=round(lean, 4),
        hint=round(hint, 4),
        more=round(more, 4),
        worded=round(worded, 4),
        named=round(named, 4),
        common=round(common, 4),
        bias={q: round(common + float(each), 3) for q, each in zip(ids, questions[:, 0], strict=True)},
        hints={q: round(hint + float(each), 3) for q, each in zip(ids, questions[:, 1], strict=True)},
    )


def _common(sign: Sign) -> tuple[float, ...]:
    """Return what is weighed alike for all questions, in the order of the numbers of :class:`Calibration`."""
    return (sign.logit, sign.mean, sign.hints > 0, sign.hints > 1, sign.worded, sign.named, -1.0)


def _outer(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    return left[:, :, None] * right[:, None, :]


def _by_question(values: NDArray[np.float64], which: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Add up the rows of each question."""
    total = np.zeros((count, *values.shape[1:]))
    np.add.at(total, which, values)
    return total
