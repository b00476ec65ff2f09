"""Order of reading, and whether a page is in a script that the model knows."""

from collections.abc import Sequence
from statistics import median

from msgspec import Struct

from afirgen.inference.ocr_runtime import TextBox

_SAME_LINE = 0.5
_COLUMN_BOXES = 4
_COLUMN_ASPECT = 8.0
_WRAPS = 0.85
_RUNNING_TEXT = 15.0
_CLEAR = 0.85
_HOPELESS = 0.3
_UNSURE_SCRIPT = 0.7
# Latin letters stand at two or more to the height of their line, read Indic text leaves far fewer.
_LEAST_DENSITY = 1.0
_MOST_CJK = 0.2


class Line(Struct, frozen=True):
    """A line of a page: its boxes from left to right, and whether the next line goes on with it."""

    boxes: tuple[TextBox, ...]
    wraps: bool

    @property
    def text(self) -> str:
        """The line's text, pieces parted by one space."""
        return " ".join(" ".join(box.text for box in self.boxes).split())

    @property
    def confidence(self) -> float:
        """Mean confidence, weighted by width."""
        return sum(box.confidence * box.width for box in self.boxes) / sum(box.width for box in self.boxes)

    @property
    def doubtful(self) -> bool:
        """Whether an officer must check the line against the page."""
        return self.confidence < _CLEAR or any(is_foreign(box) for box in self.boxes)


def reading_order(boxes: Sequence[TextBox]) -> list[Line]:
    """Put boxes into lines from top to bottom; two columns of running text are read one after the other."""
    lines: list[Line] = []
    for block in _columns(list(boxes)):
        right = max(box.right for box in block)
        left = min(box.left for box in block)
        for row in _rows(block):
            reach = (max(box.right for box in row) - left) / max(1, right - left)
            length = sum(box.width for box in row) / median(box.height for box in row)
            lines.append(Line(tuple(row), wraps=reach >= _WRAPS and length >= _RUNNING_TEXT))
    return lines


def foreign_share(boxes: Sequence[TextBox]) -> float:
    """Return the share, by width, of text that looks like another script, 0..1."""
    total = sum(box.width for box in boxes)
    strange = sum(box.width for box in boxes if is_foreign(box) or box.confidence < _UNSURE_SCRIPT)
    return strange / total if total else 0.0


def is_foreign(box: TextBox) -> bool:
    """Whether a box holds more ink than the characters read from it account for, or Chinese characters."""
    marks = [char for char in box.text if not char.isspace()]
    cjk = sum("\u3040" <= char <= "\u9fff" for char in marks)
    # A box with a single mark, such as a bullet or a tick, says nothing about the script.
    aspect = box.width / box.height
    sparse = aspect > 2 and len(marks) < _LEAST_DENSITY * aspect  # noqa: PLR2004
    return box.confidence < _HOPELESS or sparse or cjk > _MOST_CJK * len(marks)


def _rows(boxes: list[TextBox]) -> list[list[TextBox]]:
    rows: list[list[TextBox]] = []
    for box in sorted(boxes, key=lambda b: b.top + b.bottom):
        if rows and _on_line(rows[-1], box):
            rows[-1].append(box)
        else:
            rows.append([box])
    return [sorted(row, key=lambda b: b.left) for row in rows]


def _on_line(row: list[TextBox], box: TextBox) -> bool:
    nearest = min(row, key=lambda b: abs(b.left - box.left))
    overlap = min(nearest.bottom, box.bottom) - max(nearest.top, box.top)
    # Side by side only: two boxes above each other that touch are two lines.
    beside = box.left >= nearest.right - nearest.height or nearest.left >= box.right - box.height
    return beside and overlap > _SAME_LINE * min(nearest.height, box.height)


def _columns(boxes: list[TextBox]) -> list[list[TextBox]]:
    """Part the boxes into heading, left column, right column and footing where the page has two columns."""
    if not boxes:
        return []
    middle = _gutter(boxes)
    if middle is None:
        return [boxes]
    left = [box for box in boxes if box.right <= middle]
    right = [box for box in boxes if box.left >= middle]
    top = min(box.top for box in (*left, *right))
    crossing = [box for box in boxes if box.left < middle < box.right]
    head = [box for box in crossing if box.bottom <= top + box.height]
    foot = [box for box in crossing if box not in head]
    return [block for block in (head, left, right, foot) if block]


def _gutter(boxes: list[TextBox]) -> int | None:
    """Return the middle of the gap between two columns of running text, if there is one."""
    start, end = min(box.left for box in boxes), max(box.right for box in boxes)
    third = (end - start) // 3
    for middle in sorted({box.left - 1 for box in boxes if start + third <= box.left <= end - third}):
        left = [box for box in boxes if box.right <= middle]
        right = [box for box in boxes if box.left >= middle]
        crossing = [box for box in boxes if box.left < middle < box.right]
        if _is_column(left) and _is_column(right) and _outside(crossing, (*left, *right)):
            return middle
    return None


def _is_column(boxes: list[TextBox]) -> bool:
    return len(boxes) >= _COLUMN_BOXES and median(box.width / box.height for box in boxes) >= _COLUMN_ASPECT


def _outside(crossing: list[TextBox], columns: tuple[TextBox, ...]) -> bool:
    top, bottom = min(box.top for box in columns), max(box.bottom for box in columns)
    return all(box.bottom <= top + box.height or box.top >= bottom - box.height for box in crossing)
