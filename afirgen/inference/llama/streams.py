"""The units that the scheduler moves: prefixes held in the cache, and streams that extend them."""

import codecs
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from afirgen.errors import AfirgenError
from afirgen.inference.engine import CancelToken
from afirgen.inference.llama.constrain import Constraint
from afirgen.inference.llama.lookup import Lookup


@dataclass(eq=False)
class Prefix:
    """A shared beginning: ``filled`` of its tokens are in the cache under ``sequence``."""

    tokens: tuple[int, ...]
    sequence: int
    filled: int = 0
    users: int = 0
    used_at: float = 0.0
    lookup: Lookup | None = None

    @property
    def ready(self) -> bool:
        """Whether all tokens are in the cache."""
        return self.filled == len(self.tokens)


@dataclass(eq=False)
class Job:
    """One request. ``settle`` takes the error, or None when every stream is finished."""

    number: int
    priority: int
    prefix: tuple[int, ...]
    streams: list["Stream"]
    settle: Callable[[AfirgenError | None], None]
    cancel: CancelToken
    deadline: float | None
    abandoned: bool = False
    submitted: float = field(default_factory=time.monotonic)
    started: float | None = None
    first_logits: float | None = None
    finished: float | None = None
    prompt_tokens: int = 0
    reused_tokens: int = 0
    open_streams: int = 0
    over: bool = False

    def __post_init__(self) -> None:
        self.open_streams = len(self.streams)
        for stream in self.streams:
            stream.job = self


@dataclass(eq=False)
class Stream:
    """One continuation of a prefix: a question to be scored, or an answer to be written.

    ``pending`` are tokens not yet decoded; ``position`` is where the next one goes. ``answer`` are the tokens written
    so far, ``guessed`` those decoded behind the pending ones in the hope that they are next.
    """

    tail: tuple[int, ...]
    max_tokens: int
    job: Job = field(init=False)
    sequence: int | None = None
    prefix: Prefix | None = None
    reused: int = 0
    joined: bool = False
    pending: deque[int] = field(default_factory=deque)
    position: int = 0
    score: float | None = None
    constraint: Constraint | None = None
    on_text: Callable[[str], None] | None = None
    pieces: list[str] = field(default_factory=list)
    answer: list[int] = field(default_factory=list)
    guessed: list[int] = field(default_factory=list)
    sampled: int = 0
    hit: int = 0
    opening: bytes = b""
    fed: int = 0
    cut: bool = False
    _decoder: codecs.IncrementalDecoder = field(
        default_factory=lambda: codecs.getincrementaldecoder("utf-8")(errors="replace")
    )

    @property
    def scoring(self) -> bool:
        """Whether the stream only asks for the logits after its tail."""
        return self.max_tokens == 0

    @property
    def cells(self) -> int:
        """Worst-case number of cache cells beside the prefix."""
        return len(self.tail) + self.max_tokens

    @property
    def written(self) -> int:
        """Tokens of the answer so far."""
        return self.sampled + self.fed

    def feed(self, forced: list[int]) -> list[int]:
        """Count tokens that the schema forces; return those for which there is room, and note if that cuts them."""
        room = self.max_tokens - self.written
        self.cut = len(forced) > room
        kept = forced[:room]
        self.fed += len(kept)
        return kept

    def guess(self, most: int) -> None:
        """Guess up to ``most`` tokens that come after the pending ones, from what the prompt says, within its cells."""
        lookup = self.prefix.lookup if self.prefix else None
        left = self.max_tokens - self.written
        self.guessed = lookup.guess(self.answer, min(most, left - 1)) if lookup else []

    def hold(self) -> bool:
        """Take the pending tokens that were guessed as decoded; tell whether the guesses hold so far."""
        while self.pending and self.guessed and self.pending[0] == self.guessed[0]:
            self.pending.popleft()
            self.guessed.pop(0)
            self.position += 1
            self.hit += 1
        return not self.pending

    def emit(self, piece: bytes, *, last: bool = False) -> None:
        """Add bytes to the text; an unfinished character waits for its rest."""
        text = self._decoder.decode(piece, final=last)
        if text:
            self.pieces.append(text)
            if self.on_text:
                self.on_text(text)
