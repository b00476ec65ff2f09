"""The station's register of FIRs: numbers without a gap, from 1 in each year."""

from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from afirgen.case.fir import RegisterEntry
from afirgen.store.tables import register_counters

_INDIA = ZoneInfo("Asia/Kolkata")


async def next_number(connection: AsyncConnection, station: str, moment: datetime) -> RegisterEntry:
    """Give the next number of the year that ``moment`` falls in, as part of a transaction.

    Whoever else registers for the station waits until the transaction ends; one that is undone leaves no gap.
    """
    year = moment.astimezone(_INDIA).year
    row = (register_counters.c.station == station) & (register_counters.c.year == year)
    count = update(register_counters).where(row).values(last=register_counters.c.last + 1)
    if (await connection.execute(count)).rowcount == 0:
        first = insert(register_counters).values(station=station, year=year, last=0)
        # Somebody else may begin the year at the same moment.
        await connection.execute(
            first.prefix_with("OR IGNORE", dialect="sqlite").prefix_with("IGNORE", dialect="mysql")
        )
        await connection.execute(count)
    number = (await connection.execute(select(register_counters.c.last).where(row))).scalar_one()
    return RegisterEntry(number=number, year=year)
