import pytest

from afirgen.pipeline.informant import read_informant


@pytest.mark.parametrize(
    ("text", "name", "relative", "phone"),
    [
        (
            "We residents of Ward 4 through President Smt Leela Kamat wish to say that the drain is blocked. Ph 9812345671.",
            "Smt Leela Kamat",
            None,
            "9812345671",
        ),
        (
            "Sir, I am Mahesh Rao s/o Late Shri Hari Rao, age 40. My bike is gone. Mob 9812345670.",
            "Mahesh Rao",
            "Late Shri Hari Rao",
            "9812345670",
        ),
        (
            "I, Asha K. Menon D/O Krishna Menon, state this. Ph: 9447000001",
            "Asha K. Menon",
            "Krishna Menon",
            "9447000001",
        ),
        ("My name is Tara Devi, wife of Gopal. He called from 9000000001.", "Tara Devi", "Gopal", None),
        ("मैं कमला देवी पत्नी श्री राम लाल, निवासी आगरा की हूँ। मो. 9412345678", "कमला देवी", "श्री राम लाल", "9412345678"),
        ("என் பெயர் முருகன், த/பெ செல்வம், மதுரை.", "முருகன்", "செல்வம்", None),
        ("mera naam Sunil Yadav hai pita ka naam Ramesh Yadav", "Sunil Yadav", "Ramesh Yadav", None),
        ("Somebody stole a cow from the field near the canal.", None, None, None),
    ],
)
def test_introductions(text: str, name: str | None, relative: str | None, phone: str | None) -> None:
    informant = read_informant(text)
    assert (informant.name and informant.name.value) == name
    assert (informant.relative_name and informant.relative_name.value) == relative
    assert (informant.phone and informant.phone.value) == phone


def test_age_is_the_informants_own() -> None:
    assert read_informant("I am Gita Rao w/o Hari Rao. My daughter aged 15 years is missing.").age is None
    age = read_informant("I am Gita Rao w/o Hari Rao, aged 44, of Puri.").age
    assert age is not None
    assert age.value == "44"


def test_values_are_quotes_of_the_text() -> None:
    text = "I am Mahesh Rao s/o Hari Rao, r/o 12 Lake Road, Pune."
    informant = read_informant(text)
    for field in (informant.name, informant.relative_name, informant.address):
        assert field is not None
        assert field.span is not None
        assert text[field.span.start : field.span.end] == field.value


@pytest.mark.parametrize(
    ("text", "address"),
    [
        (
            "I am Deepak Jain, r/o House No. 14, Shanti Nagar, Agra. My money is gone.",
            "House No. 14, Shanti Nagar, Agra",
        ),
        ("I am Asha Rao, resident of 12 Opp. Temple, Hubli, aged 30.", "12 Opp. Temple, Hubli"),
        ("I am Ravi Das r/o Ward 4, Jorhat. No. 7 bus hit me.", "Ward 4, Jorhat"),
    ],
)
def test_a_shortened_word_does_not_end_the_address(text: str, address: str) -> None:
    found = read_informant(text).address
    assert found is not None
    assert found.value == address
