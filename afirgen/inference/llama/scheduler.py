"""The step loop: many streams over one context, prefixes shared, nothing started that could not finish."""

import itertools
import time
from collections.abc import Sequence

import numpy as np
import structlog
from numpy.typing import NDArray

from afirgen.errors import AfirgenError, CancelledWorkError, DeadlineExceededError, EngineFailureError
from afirgen.inference.llama.lib import NativeModel
from afirgen.inference.llama.slots import Slots
from afirgen.inference.llama.streams import Job, Prefix, Stream

_log = structlog.get_logger(__name__)
_NO_ROOM = 1


class Scheduler:
    """Runs jobs on one context; driven by one thread through ``step``."""

    def __init__(self, model: NativeModel, *, yes: Sequence[int], no: Sequence[int]) -> None:
        self._model = model
        self._yes, self._no = list(yes), list(no)
        self.slots = Slots(model)
        self._waiting: list[Stream] = []
        self._active: list[Stream] = []
        self._jobs: list[Job] = []
        self._reading = False

    @property
    def idle(self) -> bool:
        """Whether no job is open."""
        return not self._jobs

    def submit(self, job: Job) -> None:
        """Queue a job's streams behind those of the same or a higher priority."""
        self._jobs.append(job)
        self._waiting += job.streams
        self._waiting.sort(key=lambda s: (s.job.priority, s.job.number))

    def step(self) -> None:
        """Do one round: drop what nobody wants, admit what fits, decode one batch, use its logits."""
        self._drop_unwanted()
        self._admit()
        rows = self._fill_batch()
        if not rows.touched:
            return
        code = self._model.decode()
        if code != 0:
            self._recover(code, rows)
            return
        rows.commit()
        for stream, wanted in rows.wanted:
            self._use_logits(stream, wanted)

    def fail_all(self, error: AfirgenError) -> None:
        """End every open job with ``error``."""
        for job in list(self._jobs):
            self._finish(job, error)

    def drop_idle(self) -> None:
        """Free every prefix that no stream uses."""
        self.slots.drop_idle()

    # --- admission ----------------------------------------------------------------------------------------

    def _drop_unwanted(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs):
            if job.abandoned or job.cancel.cancelled:
                self._finish(job, CancelledWorkError("The work was stopped."))
            elif job.deadline is not None and now >= job.deadline:
                self._finish(
                    job,
                    DeadlineExceededError("The language model did not finish in time. Try again in a minute."),
                )

    def _admit(self) -> None:
        """Start waiting streams in their order; the first that does not fit holds back those behind it."""
        while self._waiting and self.slots.place(self._waiting[0]):
            stream = self._waiting.pop(0)
            self._active.append(stream)
            job = stream.job
            if job.started is None and stream.prefix:
                job.started = time.monotonic()
                job.reused_tokens = stream.reused
                job.prompt_tokens = len(stream.prefix.tokens)
            job.prompt_tokens += len(stream.tail)
            stream.emit(stream.opening)

    # --- the batch ----------------------------------------------------------------------------------------

    def _fill_batch(self) -> "_Rows":
        """Take what each answer being written goes on with first, then prompts, so that a long one stalls nobody.

        Where it costs less, answers and prompts take turns.
        """
        self._model.begin_batch()
        rows = _Rows()
        ready = [s for s in self._active if s.prefix and s.prefix.ready]
        writing = _in_order([s for s in ready if s.sampled])
        prompts = len(writing) < len(self._active)
        apart = prompts and self._model.options.apart(len(writing))
        self._reading = apart and not self._reading
        if not self._reading:
            self._add_answers(writing, rows, prompts=prompts)
        if self._reading or not apart:
            self._add_prompts([s for s in ready if not s.sampled], rows, answers=len(writing))
        return rows

    def _add_answers(self, writing: Sequence[Stream], rows: "_Rows", *, prompts: bool) -> None:
        tokens = sum(len(s.pending) for s in writing)
        for stream in writing:
            allowed = self._model.options.guess_room(tokens, prompts=prompts)
            stream.guess(min(allowed, self._model.options.batch - tokens))
            tokens += len(stream.guessed)
            self._add_stream(stream, rows, self._model.room())

    def _add_prompts(self, tails: Sequence[Stream], rows: "_Rows", *, answers: int) -> None:
        """Read the tails of those whose prefix is read, then prefixes, beside ``answers`` that are being written."""
        options = self._model.options
        room = options.prompt_room(answers, options.batch - self._model.room())
        # Questions that begin alike stand side by side, so that what they have in common is read once.
        for stream in sorted(tails, key=lambda s: (s.job.priority, s.job.number, tuple(s.pending))):
            room -= self._add_stream(stream, rows, room)
        self._share_out(room, rows, grain=options.grain(answers))

    def _share_out(self, room: int, rows: "_Rows", *, grain: int) -> None:
        """Read on in the prefixes: each takes up to half of what those before it leave, then the oldest the rest.

        A half is a multiple of ``grain``. So the oldest case is done first as far as that goes, and a very long one
        does not hold up all others. What is done ahead of need gets only what is left over.
        """
        needed: dict[int, tuple[int, Prefix]] = {}
        for stream in _in_order(self._active):
            if stream.prefix and not stream.prefix.ready:
                needed.setdefault(id(stream.prefix), (stream.job.priority, stream.prefix))
        for _, group in itertools.groupby(needed.values(), key=lambda each: each[0]):
            prefixes = [prefix for _, prefix in group]
            shares = _shares([len(p.tokens) - p.filled for p in prefixes], room, grain)
            for prefix, share in zip(prefixes, shares, strict=True):
                self._add_prefix(prefix, rows, share)
            room -= sum(shares)

    def _add_stream(self, stream: Stream, rows: "_Rows", room: int) -> int:
        """Add what there is room for of the pending tokens, with the guesses behind them; return how many rows."""
        if room < 1 or not stream.pending or stream.sequence is None:
            return 0
        self.slots.join(stream)
        common = rows.in_common(stream)
        for row in common:
            self._model.share(row, stream.sequence)
        take = min(len(stream.pending), len(common) + room)
        whole = take == len(stream.pending)
        tokens = [*itertools.islice(stream.pending, len(common), take), *(stream.guessed if whole else ())]
        first = len(common) - take + 1
        added = [
            self._model.add(
                token, stream.position + len(common) + index, stream.sequence, logits=whole and index + first >= 0
            )
            for index, token in enumerate(tokens)
        ]
        if whole:
            rows.wanted.append((stream, added[-first:]))
        rows.note(stream, take, [*common, *added])
        return len(added)

    def _add_prefix(self, prefix: Prefix, rows: "_Rows", take: int) -> None:
        for index in range(prefix.filled, prefix.filled + take):
            self._model.add(prefix.tokens[index], index, prefix.sequence, logits=False)
        if take:
            rows.touched.append((prefix, take))

    def _recover(self, code: int, rows: "_Rows") -> None:
        """Keep going after a failed decode: free idle prefixes and try again, else fail what was in the batch."""
        if code == _NO_ROOM and self.slots.drop_idle():
            return
        _log.error("decode_failed", code=code, units=len(rows.touched))
        broken = [unit for unit, _ in rows.touched]
        for stream in list(self._active):
            if stream in broken or stream.prefix in broken:
                self._finish(
                    stream.job,
                    EngineFailureError("The language model failed on this request. Try again.", detail=f"code {code}"),
                )

    # --- results ------------------------------------------------------------------------------------------

    def _use_logits(self, stream: Stream, rows: Sequence[int]) -> None:
        """Score by the row of the last token, or write on by it and by the rows of the guesses that hold."""
        job = stream.job
        if job.over:
            return
        job.first_logits = job.first_logits or time.monotonic()
        try:
            ended = self._score(stream, rows[0]) if stream.scoring else self._write_on(stream, rows)
        except AfirgenError as err:
            self._finish(job, err)
        except Exception as err:  # noqa: BLE001 - one request's trouble must not reach the others in the batch
            _log.exception("request_failed")
            self._finish(
                job, EngineFailureError("The language model failed on this request. Try again.", detail=repr(err))
            )
        else:
            if ended:
                self._close(stream)

    def _score(self, stream: Stream, row: int) -> bool:
        logits = self._model.logits(row)
        stream.score = _log_sum(logits[self._yes]) - _log_sum(logits[self._no])
        return True

    def _write_on(self, stream: Stream, rows: Sequence[int]) -> bool:
        """Write by each row in turn as long as what comes out was guessed; forget what was guessed wrongly."""
        left = iter(rows)
        for row in left:
            if self._write(stream, self._model.logits(row)):
                return True
            before = len(stream.guessed)
            if not stream.hold():
                break
            # A schema may have fed tokens that were guessed too; their rows say nothing new.
            for _ in range(before - len(stream.guessed) - 1):
                next(left)
        if stream.guessed and stream.sequence is not None:
            self._model.forget(stream.sequence, start=stream.position)
        stream.guessed = []
        return False

    def _write(self, stream: Stream, logits: NDArray[np.float32]) -> bool:
        """Choose the next token of the answer and what the schema forces after it; True when it is complete."""
        constraint = stream.constraint
        if not stream.cut and constraint and constraint.finished:
            return True
        # What the schema fixes at the start may be all that there is room for.
        stream.cut = stream.cut or stream.written >= stream.max_tokens
        if stream.cut:
            return True
        token = constraint.choose(logits) if constraint else int(logits.argmax())
        stream.sampled += 1
        forced = stream.feed(constraint.forced()) if constraint else []
        for each in (token, *forced):
            if self._model.ends(each):
                return True
            stream.emit(self._model.piece(each))
            stream.pending.append(each)
            stream.answer.append(each)
        if not stream.cut and constraint and constraint.finished:
            return True
        stream.cut = stream.written >= stream.max_tokens
        return stream.cut

    def _close(self, stream: Stream) -> None:
        stream.emit(b"", last=True)
        self._release(stream)
        job = stream.job
        job.open_streams -= 1
        if job.open_streams == 0:
            self._finish(job, None)

    def _release(self, stream: Stream) -> None:
        if stream in self._waiting:
            self._waiting.remove(stream)
        if stream in self._active:
            self._active.remove(stream)
            self.slots.release(stream)

    def _finish(self, job: Job, error: AfirgenError | None) -> None:
        if job.over:
            return
        job.over = True
        job.finished = time.monotonic()
        for stream in job.streams:
            self._release(stream)
        self._jobs.remove(job)
        job.settle(error)


class _Rows:
    """What a batch holds: each stream's rows with logits, and how many tokens of each stream or prefix went in."""

    def __init__(self) -> None:
        self.wanted: list[tuple[Stream, list[int]]] = []
        self.touched: list[tuple[Stream | Prefix, int]] = []
        self._last: tuple[Prefix | None, list[int], list[int]] = (None, [], [])

    def note(self, stream: Stream, count: int, added: list[int]) -> None:
        """Note that ``count`` of a stream's pending tokens went in, and its rows."""
        self.touched.append((stream, count))
        self._last = (stream.prefix if _begins(stream) else None, list(itertools.islice(stream.pending, count)), added)

    def in_common(self, stream: Stream) -> list[int]:
        """Return the rows that a stream about to begin can share with the one added last; its last token is its own."""
        prefix, tokens, added = self._last
        if prefix is None or prefix is not stream.prefix or not _begins(stream):
            return []
        pairs = zip(tokens, added, itertools.islice(stream.pending, len(stream.pending) - 1), strict=False)
        return [row for token, row, _ in itertools.takewhile(lambda pair: pair[0] == pair[2], pairs)]

    def commit(self) -> None:
        """Book the tokens as decoded."""
        for unit, count in self.touched:
            if isinstance(unit, Prefix):
                unit.filled += count
            else:
                unit.position += count
                for _ in range(count):
                    unit.pending.popleft()


def _begins(stream: Stream) -> bool:
    """Tell whether nothing but its prefix has been decoded for the stream."""
    return stream.prefix is not None and stream.position == len(stream.prefix.tokens)


def _in_order(streams: Sequence[Stream]) -> list[Stream]:
    return sorted(streams, key=lambda s: (s.job.priority, s.job.number))


def _shares(wanted: Sequence[int], room: int, grain: int) -> list[int]:
    """Give each up to half of what those before it leave, in multiples of ``grain``, then all what they still want."""
    given = []
    for want in wanted:
        given.append(min(want, room, -(-room // (2 * grain)) * grain))
        room -= given[-1]
    for index, want in enumerate(wanted):
        more = min(want - given[index], room)
        given[index] += more
        room -= more
    return given


def _log_sum(values: NDArray[np.float32]) -> float:
    """Return log(sum(exp(values))) without overflow."""
    top = float(values.max())
    return top + float(np.log(np.exp(values.astype(np.float64) - top).sum()))
