"""Closed questions about one complaint: each put to the model at most once, within a budget."""

from collections.abc import Awaitable, Callable, Iterable, Mapping

from afirgen.case.evidence import Span
from afirgen.case.law import Verdict
from afirgen.case.sentences import sentences
from afirgen.legal_kb.calibration import Calibration
from afirgen.legal_kb.decide import Answer, verdict_of
from afirgen.legal_kb.everyday import hinted, hints_in
from afirgen.legal_kb.offences import Offence, OffenceBook, Question
from afirgen.pipeline.grounding import tokens

Score = Callable[[tuple[str, ...]], Awaitable[tuple[float, ...]]]
"""Puts questions about the complaint to the model; gives logit(yes) - logit(no) for each."""

ANSWER = " Answer Yes or No."
"""What every question ends with; the calibration was fitted with it."""

_STEM = 5
# A general fact as unlikely as this is not asked about in particular.
_HOPELESS_BELOW = 0.06
# A hint word tells more of a sentence than a word that the question merely shares with it.
_HINT_WEIGHT = 2


class Asker:
    """Holds the answers about one complaint; ``known`` are those that need no model."""

    def __init__(
        self,
        text: str,
        score: Score,
        *,
        book: OffenceBook,
        calibration: Calibration,
        known: Mapping[str, Answer],
        budget: int,
    ) -> None:
        self.answers = dict(known)
        self.left = budget
        self._text = text
        self._score = score
        self._book = book
        self._calibration = calibration

    def open_questions(self, question_ids: Iterable[str]) -> list[str]:
        """Return those that have no answer yet, each once."""
        return [q for q in dict.fromkeys(question_ids) if q not in self.answers]

    async def ask(self, question_ids: Iterable[str]) -> None:
        """Ask what has no answer yet, in order, as far as the budget reaches."""
        ids = self.open_questions(question_ids)[: max(0, self.left)]
        if not ids:
            return
        self.left -= len(ids)
        questions = [self._book.questions[q] for q in ids]
        scores = await self._score(tuple(q.text + ANSWER for q in questions))
        for question_id, question, score in zip(ids, questions, scores, strict=True):
            sure = self._calibration.probability(question_id, score, hinted=hinted(self._text, question.hint))
            self.answers[question_id] = Answer(sure, _evidence(question, self._text))
        for question_id in ids:
            self._carry(question_id, self.answers[question_id])

    def _carry(self, question_id: str, answer: Answer) -> None:
        """Let a yes count also for what the question implies."""
        if verdict_of(answer) is not Verdict.MET:
            return
        for implied in self._book.questions[question_id].implies:
            if (self._answer(implied).probability or 0.0) < (answer.probability or 0.0):
                self.answers[implied] = answer
            self._carry(implied, answer)

    def rejects(self, offence: Offence) -> bool:
        """Tell whether the answers so far leave no hope for the offence, so that more would be asked in vain."""
        return (
            any(self._hopeless(q) for q in offence.all)
            or any(all(self._hopeless(q) for q in group) for group in offence.any)
            or any(verdict_of(self._answer(q), excludes=True) is Verdict.MET for q in offence.none)
        )

    def _hopeless(self, question_id: str) -> bool:
        probability = self._answer(question_id).probability
        return probability is not None and probability < _HOPELESS_BELOW

    def _answer(self, question_id: str) -> Answer:
        return self.answers.get(question_id, Answer())


def _evidence(question: Question, text: str) -> tuple[Span, ...]:
    """Quote the sentence that speaks most to the question, by its hint words and those it shares, if any does."""
    wanted = _stems(question.text)
    best, most = None, 0
    for span in sentences(text):
        words = text[span.start : span.end]
        score = _HINT_WEIGHT * hints_in(words, question.hint) + len(wanted & _stems(words))
        if score > most:
            best, most = span, score
    return (best,) if best else ()


def _stems(words: str) -> set[str]:
    return {t[:_STEM] for t, _ in tokens(words) if len(t) > len("the")}
