from afirgen.inference.ocr_layout import foreign_share, is_foreign, reading_order
from afirgen.inference.ocr_runtime import TextBox


def box(left: int, top: int, text: str, *, width: int = 0, height: int = 30, confidence: float = 0.99) -> TextBox:
    return TextBox(left, top, left + (width or 15 * len(text)), top + height, text, confidence)


def texts(*boxes: TextBox) -> list[str]:
    return [line.text for line in reading_order(boxes)]


def test_lines_go_down_and_pieces_of_a_line_go_right() -> None:
    label, value = box(400, 103, "Ramesh Kumar"), box(100, 100, "Name:")
    assert texts(box(100, 200, "Age: 34"), label, value) == ["Name: Ramesh Kumar", "Age: 34"]


def test_a_slanted_line_stays_one_line() -> None:
    pieces = [box(100 + 300 * n, 100 + 6 * n, f"piece {n}") for n in range(4)]
    assert texts(*reversed(pieces)) == ["piece 0 piece 1 piece 2 piece 3"]


def test_tight_lines_do_not_merge() -> None:
    lines = [box(100, 100 + 26 * n, f"line number {n} of the page") for n in range(5)]
    assert len(texts(*lines)) == 5


def test_two_columns_of_text_are_read_one_after_the_other() -> None:
    head = box(100, 20, "A heading that goes right across the two columns of the page")
    left = [box(100, 100 + 40 * n, f"left column line {n} of text") for n in range(5)]
    right = [box(620, 100 + 40 * n, f"right column line {n} of text") for n in range(5)]
    foot = box(100, 400, "A footing that goes right across the two columns of the page")
    read = texts(*right, foot, *left, head)
    assert read == [head.text, *(b.text for b in left), *(b.text for b in right), foot.text]


def test_labels_and_values_are_not_columns() -> None:
    rows = [(box(100, 100 + 40 * n, f"Label {n}:"), box(500, 100 + 40 * n, f"value {n}")) for n in range(6)]
    assert texts(*(piece for row in rows for piece in row)) == [f"Label {n}: value {n}" for n in range(6)]


def test_a_full_line_goes_on_and_a_short_one_ends() -> None:
    lines = reading_order([box(100, 100, "x" * 60), box(100, 140, "y" * 58), box(100, 180, "z" * 20)])
    assert [line.wraps for line in lines] == [True, True, False]


def test_text_read_from_another_script_is_noticed() -> None:
    assert is_foreign(box(100, 100, "18,000 R", width=560))
    assert is_foreign(box(100, 100, "", width=500, confidence=0.0))
    assert is_foreign(box(100, 100, "14/03/20269.30可开何取可面", width=860))
    assert not is_foreign(box(100, 100, "To"))
    assert not is_foreign(box(100, 100, "I fell down and hurt my left knee."))
    assert foreign_share([box(0, 0, "plain words here"), box(0, 50, "", width=240, confidence=0.0)]) == 0.5
    assert foreign_share([]) == 0.0


def test_doubt_follows_confidence() -> None:
    (sure,) = reading_order([box(100, 100, "Ramesh Kumar")])
    (unsure,) = reading_order([box(100, 100, "Rarnesh Kurnar", confidence=0.7)])
    assert not sure.doubtful
    assert unsure.doubtful
