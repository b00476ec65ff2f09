"""Everything that moves cases along, put together over one pipeline and its stores."""

from collections.abc import Callable

from afirgen.case.fir import FirDocument
from afirgen.jobs.board import JobBoard
from afirgen.jobs.breaking import Breakers
from afirgen.jobs.drafting import Drafter
from afirgen.jobs.edits import Edits
from afirgen.jobs.machine import Machine
from afirgen.jobs.reception import Reception
from afirgen.jobs.review import Review
from afirgen.jobs.rules import Rules
from afirgen.jobs.stores import Stores
from afirgen.pipeline.run import Pipeline


class Casework:
    """``reception`` takes complaints in, the machine does the jobs on the ``board``, officers decide in ``review``."""

    def __init__(
        self,
        pipeline: Pipeline,
        stores: Stores,
        *,
        rules: Rules,
        render: Callable[[FirDocument], str],
        model_hash: Callable[[str], str | None],
    ) -> None:
        self.breakers = Breakers()
        self._drafter = Drafter(pipeline, stores.originals, model_hash, self.breakers)
        machine = Machine(stores.cases, self._drafter, render)
        self.board = JobBoard(stores.jobs, machine.work, lease_s=rules.lease_s)
        self.reception = Reception(
            pipeline,
            stores.cases,
            stores.originals,
            capacity=rules.capacity,
            board=self.board,
            breakers=self.breakers,
        )
        edits = Edits(stores.cases, pipeline, render, text_most=rules.limits.text_most)
        self.review = Review(stores, rules, edits, self.board, self._drafter)

    async def close(self) -> None:
        """Stop all work; what was begun is taken up by the board of the next start."""
        await self.board.close()
        await self._drafter.close()
