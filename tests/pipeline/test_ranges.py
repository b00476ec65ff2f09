from datetime import UTC, datetime

import pytest

from afirgen.case.evidence import Transcript
from afirgen.case.law import Law
from afirgen.case.mentions.dates import find_dates
from afirgen.pipeline.facts import extract_facts
from afirgen.pipeline.governing_law import governing_law
from afirgen.pipeline.ranges import begins_term, only_range, range_end

PAID = "In March 2023 I met Alok. From 20.03.2023 to 15.06.2023 I paid him Rs 9,50,000. His cheque of 10.05.2024 came back."
TENANT = "I was his tenant from 01-06-2023 to 31-05-2025. After leaving I got Rs 70,000 back on 20.06.2025, no more."


@pytest.mark.parametrize(
    ("text", "first"),
    [
        (PAID, "2023-03-20"),
        ("Between 03.01.2025 and 05.01.2025 the lock was broken.", "2025-01-03"),
        (TENANT, None),
        ("On 03.01.2025 and 05.01.2025 he came to my shop.", None),
        ("From 03.01.2025 to 05.01.2025 and from 07.01.2025 to 09.01.2025 he called.", None),
        ("He came on 03.01.2025.", None),
    ],
)
def test_the_only_range_of_an_occurrence(text: str, first: str | None) -> None:
    found = only_range(find_dates(text), text)
    assert (found.value if found else None) == first


def test_a_range_ends_where_the_text_says() -> None:
    first, last, other = find_dates(PAID)[-3:]
    assert range_end(first, find_dates(PAID), PAID) == last
    assert range_end(last, find_dates(PAID), PAID) is None
    assert not begins_term(first, find_dates(PAID), PAID)
    assert other.value == "2024-05-10"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("text", "days", "law"),
    [
        (PAID, ("2023-03-20", "2023-06-15"), Law.IPC),
        # The tenancy began before the law changed, but nothing that is complained of did.
        (TENANT, (None, None), Law.BNS),
    ],
)
async def test_a_stated_range_is_taken_and_a_term_is_not(
    text: str, days: tuple[str | None, str | None], law: Law
) -> None:
    transcript = Transcript(text=text, language="en")
    facts = await extract_facts(transcript, reported_on=datetime(2025, 8, 2, tzinfo=UTC).date(), model=None)

    when = facts.occurrence
    assert tuple(f.value if f else None for f in (when.date_from, when.date_to)) == days
    assert governing_law(text, facts)[0] is law
