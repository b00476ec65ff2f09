import pytest

from afirgen.case.reported_speech import speaks_in_first_person, to_third_person


@pytest.mark.parametrize(
    ("spoken", "reported"),
    [
        ("I locked my cycle.", "The informant locked the informant's cycle."),
        ("I am a teacher.", "The informant is a teacher."),
        ("I have two sons.", "The informant has two sons."),
        ("I don't know him.", "The informant does not know him."),
        ("He hit me.", "He hit the informant."),
        ("We went home.", "The informant and others went home."),
        ('He said "I will kill you" and left.', 'He said "I will kill you" and left.'),
        ("He told me that the shop is shut.", "He told the informant that the shop is shut."),
        ("When I came back I saw it.", "When the informant came back the informant saw it."),
    ],
)
def test_the_speaker_becomes_the_informant(spoken: str, reported: str) -> None:
    assert to_third_person(spoken) == reported


@pytest.mark.parametrize(
    "spoken",
    [
        "He told next time I will not leave you.",
        "They said today we will see the headman.",
        "He told if I tell anyone he will kill my brother.",
        "I perambulate there daily.",
    ],
)
def test_what_the_rules_do_not_understand_is_left_alone(spoken: str) -> None:
    assert to_third_person(spoken) is None


def test_first_person_inside_quotation_marks_does_not_count() -> None:
    assert not speaks_in_first_person('He shouted "I will come".')
    assert speaks_in_first_person("He took my bag.")
