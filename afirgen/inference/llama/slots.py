"""Book-keeping of the context: its sequences, its cells, and the prefixes that stay in it until room is needed."""

import time

from afirgen.inference.llama.lib import NativeModel
from afirgen.inference.llama.lookup import Lookup
from afirgen.inference.llama.streams import Prefix, Stream

# Less than this in common is not worth a look at another case's cells.
_WORTH_SHARING = 8


class Slots:
    """Gives streams their prefix and sequence. Cells are booked by worst-case need, so decoding never runs out.

    A prefix that begins like another one shares those cells; both book them, which errs on the safe side.
    """

    def __init__(self, model: NativeModel) -> None:
        self._model = model
        self._free = list(range(model.options.sequences))
        self._prefixes: dict[tuple[int, ...], Prefix] = {}
        self._streams: list[Stream] = []

    @property
    def cells_used(self) -> int:
        """Cells that resident prefixes hold and placed streams may come to hold."""
        return sum(len(p.tokens) for p in self._prefixes.values()) + sum(s.cells for s in self._streams)

    @property
    def sequences_used(self) -> int:
        """Sequences in use by prefixes and streams."""
        return self._model.options.sequences - len(self._free)

    @property
    def resident(self) -> int:
        """Prefixes that are kept."""
        return len(self._prefixes)

    def place(self, stream: Stream) -> bool:
        """Give the stream its prefix and sequence, evicting idle prefixes; False when there is no room now."""
        wanted = stream.job.prefix
        prefix = self._prefixes.get(wanted)
        if not self._make_room(
            stream.cells + (0 if prefix else len(wanted)), sequences=1 if prefix else 2, keep=prefix
        ):
            return False
        stream.reused = len(wanted)
        if prefix is None:
            prefix = self._begin(wanted)
            stream.reused = prefix.filled
        if prefix.lookup is None and self._model.options.guess_room(1, prompts=False) and not stream.scoring:
            prefix.lookup = Lookup(wanted, self._model.piece)
        prefix.users += 1
        stream.prefix = prefix
        stream.sequence = self._free.pop()
        stream.position = len(wanted)
        stream.pending.extend(stream.tail)
        self._streams.append(stream)
        return True

    def join(self, stream: Stream) -> None:
        """Let the stream see its prefix, once that is filled."""
        if stream.joined or stream.prefix is None or stream.sequence is None:
            return
        if not stream.prefix.ready:
            raise RuntimeError("a stream may join a filled prefix only")
        self._model.copy_prefix(stream.prefix.sequence, stream.sequence, len(stream.prefix.tokens))
        stream.joined = True

    def release(self, stream: Stream) -> None:
        """Take back the stream's sequence; its prefix stays if it is filled."""
        if stream.sequence is None or stream.prefix is None:
            return
        self._streams.remove(stream)
        self._give_back(stream.sequence)
        stream.sequence = None
        stream.prefix.users -= 1
        stream.prefix.used_at = time.monotonic()
        if not stream.prefix.ready and stream.prefix.users == 0:
            self._evict(stream.prefix)

    def drop_idle(self) -> int:
        """Free every prefix that no stream uses; return how many there were."""
        idle = self._idle()
        for prefix in idle:
            self._evict(prefix)
        return len(idle)

    def _begin(self, tokens: tuple[int, ...]) -> Prefix:
        """Make a prefix, with as much of it as another one has already in the cache."""
        prefix = Prefix(tokens, self._free.pop())
        near, common = None, 0
        for other in self._prefixes.values():
            length = _common(tokens, other.tokens[: other.filled])
            if length > common:
                near, common = other, length
        if near and common >= _WORTH_SHARING:
            self._model.copy_prefix(near.sequence, prefix.sequence, common)
            prefix.filled = common
        self._prefixes[tokens] = prefix
        return prefix

    def _make_room(self, cells: int, *, sequences: int, keep: Prefix | None) -> bool:
        idle = [p for p in self._idle() if p is not keep]
        while self.cells_used + cells > self._model.options.context or len(self._free) < sequences:
            if not idle:
                return False
            self._evict(idle.pop(0))
        return True

    def _idle(self) -> list[Prefix]:
        return sorted((p for p in self._prefixes.values() if p.users == 0), key=lambda p: p.used_at)

    def _evict(self, prefix: Prefix) -> None:
        del self._prefixes[prefix.tokens]
        self._give_back(prefix.sequence)

    def _give_back(self, sequence: int) -> None:
        self._model.forget(sequence)
        self._free.append(sequence)


def _common(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    """Return how many tokens two prefixes begin with in common."""
    for index, (a, b) in enumerate(zip(one, other, strict=False)):
        if a != b:
            return index
    return min(len(one), len(other))
