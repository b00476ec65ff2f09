"""Guesses how an answer goes on: what it copies from the prompt goes on there as it did before."""

from collections import defaultdict
from collections.abc import Callable, Sequence

# More of what was written says no more about how it goes on.
_LONGEST_MATCH = 8


class Lookup:
    """The tokens of a prompt by the words they stand for.

    A word is found whether or not a space or a capital comes before it, because a value of a record begins with
    neither. A guess costs little when it is wrong: the model reads it along with what was written, and what it
    would not have written itself is thrown away.
    """

    def __init__(self, tokens: Sequence[int], piece: Callable[[int], bytes]) -> None:
        self._tokens = tokens
        self._piece = piece
        self._words = [_word(piece(token)) for token in tokens]
        self._places: dict[bytes, list[int]] = defaultdict(list)
        for place, word in enumerate(self._words[:-1]):
            self._places[word].append(place)

    def guess(self, written: Sequence[int], most: int) -> list[int]:
        """Return up to ``most`` tokens that may follow ``written``, none where the prompt does not say."""
        if most < 1 or not written:
            return []
        ending = [_word(self._piece(token)) for token in written[-_LONGEST_MATCH:]]
        best, length, next_words = -1, 0, set[bytes]()
        for place in self._places.get(ending[-1], ()):
            same = self._in_common(ending, place)
            if same > length:
                best, length, next_words = place, same, set()
            if same == length:
                next_words.add(self._words[place + 1])
        # A single word that goes on in several ways tells nothing.
        if best < 0 or (length == 1 and len(next_words) > 1):
            return []
        return list(self._tokens[best + 1 : best + 1 + most])

    def _in_common(self, ending: Sequence[bytes], place: int) -> int:
        """Return how many words before and at ``place`` are those of ``ending``."""
        same = 0
        while same < len(ending) and same <= place and ending[-1 - same] == self._words[place - same]:
            same += 1
        return same


def _word(piece: bytes) -> bytes:
    return piece.strip().lower()
