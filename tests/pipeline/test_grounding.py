from afirgen.pipeline.grounding import locate, problem_with

SOURCE = "On 14.08.2024 I kept my motor cycle no UP 78 FK 4471 outside the shop. It is worth Rs 52,000."


def test_locate_ignores_case_and_punctuation_only() -> None:
    span = locate("up 78 fk 4471", SOURCE)
    assert span is not None
    assert SOURCE[span.start : span.end] == "UP 78 FK 4471"
    assert locate("UP 78 FK 4472", SOURCE) is None
    assert locate("", SOURCE) is None


def test_locate_works_in_indic_scripts() -> None:
    text = "मेरे भाई वीरपाल ने मारा।"
    span = locate("वीरपाल", text)
    assert span is not None
    assert text[span.start : span.end] == "वीरपाल"


def test_a_faithful_sentence_has_no_problem() -> None:
    assert problem_with("The informant kept the motor cycle outside the shop on 14 08 2024.", [SOURCE]) is None
    assert problem_with("It is worth Rs 52000.", [SOURCE]) is None


def test_a_new_number_or_word_is_named() -> None:
    assert problem_with("It is worth Rs 53,000.", [SOURCE]) == "Not in the complaint: 53,000."
    assert "police" not in (problem_with("The police arrested Ravi.", [SOURCE]) or "")
    assert "ravi" in (problem_with("The police arrested Ravi.", [SOURCE]) or "")
