"""Continuous batching: many streams over one context, prefixes shared, nothing started that could not finish."""

import time
from collections.abc import Sequence

import numpy as np
import structlog
from numpy.typing import NDArray

from afirgen.errors import AfirgenError, CancelledWorkError, DeadlineExceededError, EngineFailureError
from afirgen.inference.llama.lib import NativeModel
from afirgen.inference.llama.streams import Job, Prefix, Stream

_log = structlog.get_logger(__name__)
_NO_ROOM = 1


class Scheduler:
    """Owns the context's sequences and cells; driven by one thread through ``step``."""

    def __init__(self, model: NativeModel, *, yes: Sequence[int], no: Sequence[int]) -> None:
        self._model = model
        self._yes, self._no = list(yes), list(no)
        self._free = list(range(model.options.sequences))
        self._prefixes: dict[tuple[int, ...], Prefix] = {}
        self._waiting: list[Stream] = []
        self._active: list[Stream] = []
        self._jobs: list[Job] = []

    @property
    def idle(self) -> bool:
        """Whether no job is open."""
        return not self._jobs

    @property
    def cells_used(self) -> int:
        """Cells that resident prefixes hold and active streams may come to hold."""
        return sum(len(p.tokens) for p in self._prefixes.values()) + sum(s.cells for s in self._active)

    @property
    def sequences_used(self) -> int:
        """Sequences in use by prefixes and streams."""
        return self._model.options.sequences - len(self._free)

    def fits(self, prefix: int, stream: int) -> bool:
        """Tell whether a prefix and one stream of these sizes can ever run."""
        return prefix + stream <= self._model.options.context

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
        if not rows.wanted and not rows.touched:
            return
        code = self._model.decode()
        if code != 0:
            self._recover(code, rows)
            return
        rows.commit()
        for row, stream in rows.wanted:
            self._use_logits(stream, self._model.logits(row))

    def fail_all(self, error: AfirgenError) -> None:
        """End every open job with ``error``."""
        for job in list(self._jobs):
            self._finish(job, error)

    def drop_idle(self) -> None:
        """Free every prefix that no stream uses."""
        for prefix in [p for p in self._prefixes.values() if p.users == 0]:
            self._evict(prefix)

    # --- admission ----------------------------------------------------------------------------------------

    def _drop_unwanted(self) -> None:
        now = time.monotonic()
        for job in list(self._jobs):
            if job.cancel.cancelled:
                self._finish(job, CancelledWorkError("The work was stopped."))
            elif job.deadline is not None and now > job.deadline:
                self._finish(
                    job,
                    DeadlineExceededError("The language model did not finish in time. Try again in a minute."),
                )

    def _admit(self) -> None:
        while self._waiting and self._start(self._waiting[0]):
            self._active.append(self._waiting.pop(0))

    def _start(self, stream: Stream) -> bool:
        """Give the stream its prefix and sequence, evicting idle prefixes; False when there is no room now."""
        prefix = self._prefixes.get(stream.job.prefix)
        sequences = 1 if prefix else 2
        cells = stream.cells + (0 if prefix else len(stream.job.prefix))
        if not self._make_room(cells, sequences, keep=prefix):
            return False
        reused = prefix is not None
        if prefix is None:
            prefix = Prefix(stream.job.prefix, self._free.pop())
            self._prefixes[prefix.tokens] = prefix
        job = stream.job
        if job.started is None:
            job.started = time.monotonic()
            job.reused_tokens = len(prefix.tokens) if reused else 0
            job.prompt_tokens = len(prefix.tokens)
        job.prompt_tokens += len(stream.tail)
        prefix.users += 1
        stream.prefix = prefix
        stream.sequence = self._free.pop()
        stream.pending.extend(stream.tail)
        stream.position = len(prefix.tokens)
        return True

    def _make_room(self, cells: int, sequences: int, *, keep: Prefix | None) -> bool:
        idle = sorted((p for p in self._prefixes.values() if p.users == 0 and p is not keep), key=lambda p: p.used_at)
        while self.cells_used + cells > self._model.options.context or len(self._free) < sequences:
            if not idle:
                return False
            self._evict(idle.pop(0))
        return True

    def _evict(self, prefix: Prefix) -> None:
        del self._prefixes[prefix.tokens]
        self._model.forget(prefix.sequence)
        self._free.append(prefix.sequence)

    # --- the batch ----------------------------------------------------------------------------------------

    def _fill_batch(self) -> "_Rows":
        """Take one token of each answer being written first, so that a long prompt does not stall others."""
        self._model.begin_batch()
        rows = _Rows()
        ready = [s for s in self._active if s.prefix and s.prefix.ready]
        for stream in sorted(ready, key=lambda s: (s.written == 0, s.job.priority, s.job.number)):
            self._add_stream(stream, rows)
        for prefix in self._needed_prefixes():
            self._add_prefix(prefix, rows)
        return rows

    def _needed_prefixes(self) -> list[Prefix]:
        ordered = sorted(self._active, key=lambda s: (s.job.priority, s.job.number))
        unique = {id(s.prefix): s.prefix for s in ordered if s.prefix and not s.prefix.ready}
        return list(unique.values())

    def _add_stream(self, stream: Stream, rows: "_Rows") -> None:
        if stream.prefix is None or stream.sequence is None:
            raise RuntimeError("an active stream has a prefix and a sequence")
        take = min(len(stream.pending), self._model.room())
        if take == 0:
            return
        if stream.position == len(stream.prefix.tokens):
            self._model.copy_prefix(stream.prefix.sequence, stream.sequence, stream.position)
        for index in range(take):
            last = index == len(stream.pending) - 1
            row = self._model.add(stream.pending[index], stream.position + index, stream.sequence, logits=last)
            if last:
                rows.wanted.append((row, stream))
        rows.touched.append((stream, take))

    def _add_prefix(self, prefix: Prefix, rows: "_Rows") -> None:
        take = min(len(prefix.tokens) - prefix.filled, self._model.room())
        for index in range(prefix.filled, prefix.filled + take):
            self._model.add(prefix.tokens[index], index, prefix.sequence, logits=False)
        if take:
            rows.touched.append((prefix, take))

    def _recover(self, code: int, rows: "_Rows") -> None:
        """Keep going after a failed decode: free idle prefixes and try again, else fail what was in the batch."""
        idle = [p for p in self._prefixes.values() if p.users == 0]
        if code == _NO_ROOM and idle:
            for prefix in idle:
                self._evict(prefix)
            return
        _log.error("decode_failed", code=code, rows=len(rows.touched))
        broken = [unit for unit, _ in rows.touched]
        for stream in list(self._active):
            if stream in broken or stream.prefix in broken:
                self._finish(
                    stream.job,
                    EngineFailureError("The language model failed on this request. Try again.", detail=str(code)),
                )
        for prefix in [p for p in broken if isinstance(p, Prefix) and p.tokens in self._prefixes]:
            self._evict(prefix)

    # --- results ------------------------------------------------------------------------------------------

    def _use_logits(self, stream: Stream, logits: NDArray[np.float32]) -> None:
        job = stream.job
        if job.over:
            return
        job.first_logits = job.first_logits or time.monotonic()
        if stream.scoring:
            stream.score = _log_sum(logits[self._yes]) - _log_sum(logits[self._no])
            self._close(stream)
            return
        try:
            ended = self._write(stream, logits)
        except AfirgenError as err:
            self._finish(job, err)
            return
        if ended:
            stream.emit(b"", last=True)
            self._close(stream)

    def _write(self, stream: Stream, logits: NDArray[np.float32]) -> bool:
        """Choose the next token of the answer and what the schema forces after it; True when it is complete."""
        constraint = stream.constraint
        token = constraint.choose(logits) if constraint else int(logits.argmax())
        stream.sampled += 1
        forced = constraint.forced() if constraint else []
        stream.fed += len(forced)
        following = [token, *forced]
        for each in following:
            if self._model.ends(each):
                return True
            stream.emit(self._model.piece(each))
        if constraint and constraint.finished:
            return True
        stream.pending.extend(following)
        stream.cut = stream.written >= stream.max_tokens
        return stream.cut

    def _close(self, stream: Stream) -> None:
        self._release(stream)
        job = stream.job
        job.open_streams -= 1
        if job.open_streams == 0:
            self._finish(job, None)

    def _release(self, stream: Stream) -> None:
        if stream in self._waiting:
            self._waiting.remove(stream)
        if stream not in self._active:
            return
        self._active.remove(stream)
        if stream.sequence is not None:
            self._model.forget(stream.sequence)
            self._free.append(stream.sequence)
            stream.sequence = None
        if stream.prefix:
            stream.prefix.users -= 1
            stream.prefix.used_at = time.monotonic()
            if not stream.prefix.ready and stream.prefix.users == 0:
                self._evict(stream.prefix)

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
    """What a batch holds: rows with logits, and how many tokens of each stream or prefix went in."""

    def __init__(self) -> None:
        self.wanted: list[tuple[int, Stream]] = []
        self.touched: list[tuple[Stream | Prefix, int]] = []

    def commit(self) -> None:
        """Book the tokens as decoded."""
        for unit, count in self.touched:
            if isinstance(unit, Prefix):
                unit.filled += count
            else:
                unit.position += count
                for _ in range(count):
                    unit.pending.popleft()


def _log_sum(values: NDArray[np.float32]) -> float:
    """Return log(sum(exp(values))) without overflow."""
    top = float(values.max())
    return top + float(np.log(np.exp(values.astype(np.float64) - top).sum()))
