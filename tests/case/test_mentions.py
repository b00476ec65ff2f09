from datetime import date

import pytest

from afirgen.case.mentions.amounts import find_amounts
from afirgen.case.mentions.dates import find_dates
from afirgen.case.mentions.identifiers import find_phones, find_vehicles
from afirgen.case.mentions.times import find_times


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("on 14.08.2024 at noon", ["2024-08-14"]),
        ("dt. 16/2/2025", ["2025-02-16"]),
        ("On 3-1-25 I came", ["2025-01-03"]),
        ("2nd of March, 2025", ["2025-03-02"]),
        ("March 5, 2025 and 7 March", ["2025-03-05", "2025-03-07"]),
        ("दिनांक 21 नवंबर 2024 को", ["2024-11-21"]),
        ("दिनांक २१.११.२०२४ को", ["2024-11-21"]),
        ("05.04.2025 அன்று", ["2025-04-05"]),
        ("4 May 2025 ko, phir 6 May ko", ["2025-05-04", "2025-05-06"]),
        ("from 01.01.2025 to 31.05.2025", ["2025-01-01", "2025-05-31"]),
        ("2025-02-30 is no day, nor 31.02.2025", []),
        ("version 1.2.3 of the form", []),
        ("plot no 46, Survey 112/3", []),
        ("we may come in 2 days", []),
        ("yesterday", []),
    ],
)
def test_dates_without_a_report_day(text: str, expected: list[str]) -> None:
    assert [m.value for m in find_dates(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yesterday at the market", ["2025-03-01"]),
        ("the day before yesterday", ["2025-02-28"]),
        ("aaj subah", ["2025-03-02"]),
        ("on 5 February", ["2025-02-05"]),
        ("on 25 December", ["2024-12-25"]),
    ],
)
def test_relative_dates_count_from_the_report_day(text: str, expected: list[str]) -> None:
    assert [m.value for m in find_dates(text, reported_on=date(2025, 3, 2))] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("around 6.15 in evening", ["18:15"]),
        ("at 10.25 at night", ["22:25"]),
        ("12 at night", ["00:00"]),
        ("at 2 PM", ["14:00"]),
        ("at 12.30 p.m. sharp", ["12:30"]),
        ("19:40 hrs", ["19:40"]),
        ("सुबह 11 बजकर 20 मिनट पर", ["11:20"]),
        ("रात करीब 9 बजे", ["21:00"]),
        ("shaam 6 baje", ["18:00"]),
        ("இரவு 10 மணிக்கு", ["22:00"]),
        ("at 7:40 the shop was open", []),
        ("flat 203, 17th cross", []),
        ("25 am", []),
    ],
)
def test_times(text: str, expected: list[str]) -> None:
    assert [m.value for m in find_times(text)] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rs 52,000", ["52000"]),
        ("Rs. 1.5 lakh", ["150000"]),
        ("₹ 3,20,000 only", ["320000"]),
        ("12 crore", ["120000000"]),
        ("500 rupees", ["500"]),
        ("नकद 35,000 रुपये", ["35000"]),
        ("2 lakh rupye", ["200000"]),
        ("5 stitches, room 203, 9415507731", []),
    ],
)
def test_amounts(text: str, expected: list[str]) -> None:
    assert [m.value for m in find_amounts(text)] == expected


def test_phones_and_vehicles_keep_their_places() -> None:
    text = "Call +91 98765 43210, bike up78 fk-4471, UTR 31906250048813."
    (phone,) = find_phones(text)
    (vehicle,) = find_vehicles(text)
    assert phone.value == "9876543210"
    assert vehicle.value == "UP 78 FK 4471"
    assert text[vehicle.span.start : vehicle.span.end] == "up78 fk-4471"


def test_spans_cover_the_words() -> None:
    text = "It was 14.08.2024, about 6.15 in evening, Rs 52,000 gone."
    for finder in (find_dates, find_times, find_amounts):
        (mention,) = finder(text)
        assert text[mention.span.start : mention.span.end].strip() == text[mention.span.start : mention.span.end]
        assert any(c.isdigit() for c in text[mention.span.start : mention.span.end])


SUNDAY, TUESDAY = date(2025, 3, 2), date(2025, 3, 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It happened last night.", "2025-03-03"),
        ("Two days ago my cycle was stolen.", "2025-03-02"),
        ("5 days back he came.", "2025-02-27"),
        ("On the day before yesterday he came.", "2025-03-02"),
        ("Last Friday he beat me.", "2025-02-28"),
        ("Last Tuesday he beat me.", "2025-02-25"),
        ("कल मेरी साइकिल चोरी हो गई।", "2025-03-03"),
        ("परसों उसने मुझे मारा।", "2025-03-02"),
        ("बीती रात चोरी हुई।", "2025-03-03"),
        ("दो दिन पहले मारपीट हुई।", "2025-03-02"),
        ("पिछले शुक्रवार को मारपीट हुई।", "2025-02-28"),
        ("Kal meri cycle chori ho gayi.", "2025-03-03"),
        ("Parson usne mujhe maara.", "2025-03-02"),
        ("Teen din pehle chori hui.", "2025-03-01"),
        ("நேற்று என் பை திருடப்பட்டது.", "2025-03-03"),
        ("நேற்று முன்தினம் தாக்கினார்.", "2025-03-02"),
        ("இரண்டு நாட்களுக்கு முன்பு தாக்கினார்.", "2025-03-02"),
    ],
)
def test_a_day_counted_from_the_report(text: str, expected: str) -> None:
    assert [m.value for m in find_dates(text, reported_on=TUESDAY)] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "It happened last week.",
        "A week ago he came.",
        "About two days ago he came.",
        "2-3 days ago he came.",
        "Two or three days ago he came.",
        "Fifteen days back he came.",
        "Two days before the marriage he came.",
        "Last Diwali he took my gold.",
        "Since last Holi he harasses me.",
        "पिछली दिवाली पर उसने पैसे लिए थे।",
        "கடந்த தீபாவளி அன்று வாங்கினார்.",
        "Last Monday he beat me.",
        "He will come again tomorrow.",
        "वह कल आएगा और मारेगा।",
        "कल तक पैसे दे दो, उसने कहा था।",
        "Kal dekh lunga, usne bola tha.",
        "The shop is closed on Sunday.",
        "What are you saying?",
    ],
)
def test_a_day_that_cannot_be_known_is_left_to_the_officer(text: str) -> None:
    assert find_dates(text, reported_on=TUESDAY) == ()


def test_a_last_weekday_is_taken_where_both_its_meanings_agree() -> None:
    """On a Sunday the latest Monday is of this week and "last Monday" may be the one before."""
    assert find_dates("Last Monday he came.", reported_on=SUNDAY) == ()
    assert [m.value for m in find_dates("Last Sunday he came.", reported_on=SUNDAY)] == ["2025-02-23"]
