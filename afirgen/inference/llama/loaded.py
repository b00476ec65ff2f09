"""A language model in memory with all that a request needs of it: tokens, schema masks, and the cells to run in."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from afirgen.errors import AfirgenError, ModelUnavailableError
from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.constrain import Constraint
from afirgen.inference.llama.lib import LlamaOptions, NativeModel
from afirgen.inference.llama.prompt import PromptWriter, read_frame
from afirgen.inference.llama.scheduler import Scheduler
from afirgen.inference.llama.streams import Job, Stream

_YES_FORMS = ("Yes", "yes", " Yes", "YES")
_NO_FORMS = ("No", "no", " No", "NO")


class LoadedModel:
    """Made and closed by the engine's thread. ``lease`` lets other threads use the vocabulary meanwhile."""

    def __init__(self, path: Path, options: LlamaOptions, *, model_id: str) -> None:
        self.model_id = model_id
        self._changed = threading.Condition()
        self._leases = 0
        self._closed = False
        self._native = NativeModel(path, options, model_id=model_id)
        try:
            frame = read_frame(self._native.chat_template(), model_id, opening=self._native.opening_text())
            self._prompts = PromptWriter(self._native, frame)
            self._constraints = self._native.constraint_tokenizer()
        except BaseException:
            self._native.close()
            raise

    @contextmanager
    def lease(self) -> Iterator["LoadedModel"]:
        """Keep the model from being freed while it is used; raise ``ModelUnavailableError`` if it has been."""
        with self._changed:
            if self._closed:
                raise ModelUnavailableError("The language model was stopped. Try again shortly.")
            self._leases += 1
        try:
            yield self
        finally:
            with self._changed:
                self._leases -= 1
                self._changed.notify_all()

    def close(self) -> None:
        """Free the model once nobody uses it."""
        with self._changed:
            self._closed = True
            self._changed.wait_for(lambda: self._leases == 0)
        self._native.close()

    @property
    def longest(self) -> int:
        """Tokens that one prompt and its answer may have together."""
        return self._native.longest

    def count(self, text: str) -> int:
        """Count the tokens of ``text``."""
        return len(self._native.tokenize(text, special=False))

    def prefix(self, system: str, shared: str) -> tuple[int, ...]:
        """Return the tokens of a prompt's shared part."""
        return self._prompts.prefix(system, shared)

    def question(self, text: str) -> Stream:
        """Make the stream that asks a closed question."""
        return Stream(self._prompts.tail(text), 0)

    def answer(
        self,
        task: str,
        *,
        max_tokens: int,
        schema: dict[str, Any] | None = None,
        on_text: Callable[[str], None] | None = None,
    ) -> Stream:
        """Make the stream that writes an answer; what the schema fixes at its start goes into the prompt."""
        stream = Stream(self._prompts.tail(task), max_tokens)
        stream.on_text = on_text
        if schema is not None:
            stream.constraint = Constraint(self._constraints, schema)
            forced = stream.feed(stream.constraint.forced())
            stream.tail = (*stream.tail, *forced)
            stream.opening = b"".join(self._native.piece(token) for token in forced)
        return stream

    def scheduler(self) -> Scheduler:
        """Make the scheduler that runs streams on this model; only one may be in use at a time."""
        return Scheduler(self._native, yes=self._forms(_YES_FORMS), no=self._forms(_NO_FORMS))

    def run(self, system: str, shared: str, streams: list[Stream]) -> None:
        """Run streams to their end in the calling thread, which must be the engine's, before it serves requests."""
        failures: list[AfirgenError] = []
        job = Job(
            number=0,
            priority=0,
            prefix=self.prefix(system, shared),
            streams=streams,
            settle=lambda error: failures.append(error) if error else None,
            cancel=CancelToken(),
            deadline=None,
        )
        scheduler = self.scheduler()
        scheduler.submit(job)
        while not scheduler.idle:
            scheduler.step()
        scheduler.drop_idle()
        if failures:
            raise failures[0]

    def _forms(self, words: tuple[str, ...]) -> list[int]:
        """Return the tokens of those spellings that are one token."""
        pieces = [self._native.tokenize(word, special=False) for word in words]
        return sorted({p[0] for p in pieces if len(p) == 1}) or [pieces[0][0]]
