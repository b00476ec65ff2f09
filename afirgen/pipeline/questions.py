"""Closed questions about one complaint: each put to the model at most once, within a budget."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping

from msgspec import structs

from afirgen.case.evidence import Span
from afirgen.case.law import Verdict
from afirgen.case.sentences import sentences
from afirgen.legal_kb.calibration import Calibration, Sign
from afirgen.legal_kb.decide import Answer, verdict_of
from afirgen.legal_kb.everyday import hints_in, worded_questions
from afirgen.legal_kb.offences import Offence, OffenceBook, Question
from afirgen.pipeline.grounding import tokens

Score = Callable[[tuple[str, ...]], Awaitable[tuple[float, ...]]]
"""Puts questions about the complaint to the model; gives logit(yes) - logit(no) for each."""

Name = Callable[[], Awaitable[str]]
"""Lets the model say in a few words of its own what wrong was done; that only hints at facts, it is none itself."""

NAMING = "What kind of crime is this? Name the crimes in a few words."
NAMING_TOKENS = 24

_STEM = 5
# A general fact as unlikely as this is not asked about in particular.
_HOPELESS_BELOW = 0.06
# A particular fact whose general fact is denied more plainly than this is denied with it.
_DENIED_BELOW = 0.1
# A hint word tells more of a sentence than a word that the question merely shares with it.
_HINT_WEIGHT = 2


class Asker:
    """Holds the answers about one complaint; ``known`` are those that need no model."""

    def __init__(
        self,
        text: str,
        score: Score,
        name: Name,
        *,
        book: OffenceBook,
        calibration: Calibration,
        known: Mapping[str, Answer],
        budget: int,
    ) -> None:
        self.answers = dict(known)
        self.left = budget
        self.named = ""
        """What the model itself calls the wrong, once the screening questions were asked."""
        self._text = text
        self._score = score
        self._name = name
        self._book = book
        self._calibration = calibration
        self._mean = 0.0
        self._worded = worded_questions(text, book)

    def open_questions(self, question_ids: Iterable[str]) -> list[str]:
        """Return those that have no answer yet, each once."""
        return [q for q in dict.fromkeys(question_ids) if q not in self.answers]

    async def screen(self) -> None:
        """Ask the screening questions; how they are answered tells how the model leans on this text."""
        ids = list(self._book.screening)
        self.left -= len(ids)
        found, self.named = await asyncio.gather(self._put(ids), self._name())
        scores = dict(zip(ids, found, strict=True))
        self._mean = sum(scores.values()) / max(1, len(scores))
        self._take({q: score for q, score in scores.items() if q not in self.answers})

    async def ask(self, question_ids: Iterable[str]) -> None:
        """Ask what has no answer yet, in order, as far as the budget reaches."""
        ids = self.open_questions(question_ids)[: max(0, self.left)]
        if ids:
            self.left -= len(ids)
            self._take(dict(zip(ids, await self._put(ids), strict=True)))

    async def _put(self, ids: list[str]) -> tuple[float, ...]:
        return await self._score(tuple(self._book.questions[q].text for q in ids))

    def _take(self, scores: Mapping[str, float]) -> None:
        for question_id, score in scores.items():
            question = self._book.questions[question_id]
            sign = Sign(
                logit=score,
                mean=self._mean,
                hints=hints_in(self._text, question.hint),
                worded=question_id in self._worded,
                named=hints_in(self.named, question.hint) > 0,
            )
            sure = self._calibration.probability(question_id, sign)
            self.answers[question_id] = Answer(sure, _evidence(question, self._text))
        for question_id in scores:
            self._deny(question_id)
        for question_id in scores:
            self._carry(question_id, self.answers[question_id])

    def _deny(self, question_id: str) -> None:
        """Let a plain no to a general fact count for the particular fact, where the model often guesses."""
        answer = self.answers[question_id]
        least = min((p for p in map(self._probability, self._general(question_id)) if p is not None), default=1.0)
        if least < _DENIED_BELOW and (answer.probability or 0.0) > least:
            self.answers[question_id] = structs.replace(answer, probability=least)

    def _general(self, question_id: str) -> Iterator[str]:
        for implied in self._book.questions[question_id].implies:
            yield implied
            yield from self._general(implied)

    def _carry(self, question_id: str, answer: Answer) -> None:
        """Let a yes count also for what the question implies."""
        if verdict_of(answer) is not Verdict.MET:
            return
        for implied in self._general(question_id):
            if (self._probability(implied) or 0.0) < (answer.probability or 0.0):
                self.answers[implied] = answer

    def rejects(self, offence: Offence) -> bool:
        """Tell whether the answers so far leave no hope for the offence, so that more would be asked in vain."""
        return (
            any(self._hopeless(q) for q in offence.all)
            or any(all(self._hopeless(q) for q in group) for group in offence.any)
            or any(verdict_of(self._answer(q), excludes=True) is Verdict.MET for q in offence.none)
        )

    def _hopeless(self, question_id: str) -> bool:
        probability = self._probability(question_id)
        return probability is not None and probability < _HOPELESS_BELOW

    def _probability(self, question_id: str) -> float | None:
        return self._answer(question_id).probability

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
