"""Expiry dates: the rules by which exchanges set a contract's last trade date."""

from collections.abc import Iterator
from datetime import date, timedelta

MONTH_CODES = "FGHJKMNQUVXZ"


def months_from(today: date) -> Iterator[tuple[int, int]]:
    """Calendar months without end, beginning with today's."""
    year, month = today.year, today.month
    while True:
        yield year, month
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)


def third_friday(year: int, month: int) -> date:
    first = date(year, month, 1)
    return first + timedelta(days=(4 - first.weekday()) % 7 + 14)


def last_business_day(year: int, month: int, *, before: int = 0) -> date:
    """Give the last weekday of the month, or the one so many weekdays before it."""
    following = date(year + 1, 1, 1) if month == 12 else date(year, month + 1, 1)
    return business_days_before(following, before + 1)


def business_days_before(day: date, count: int) -> date:
    while count:
        day -= timedelta(days=1)
        if is_business_day(day):
            count -= 1
    return day


def is_business_day(day: date) -> bool:
    """Weekdays but for four holidays that move expiries, from New Year to Christmas."""
    if day.weekday() > 4 or (day.month, day.day) in ((1, 1), (7, 4), (12, 25)):
        return False
    is_thanksgiving = day.month == 11 and day.weekday() == 3 and 22 <= day.day <= 28
    return not is_thanksgiving


def energy_expiry(year: int, month: int) -> date:
    """CME: crude oil ends three business days before the 25th of the month before."""
    year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    anchor = date(year, month, 25)
    while not is_business_day(anchor):
        anchor -= timedelta(days=1)
    return business_days_before(anchor, 3)


def gas_expiry(year: int, month: int) -> date:
    """CME: natural gas ends three business days before the first of its month."""
    return business_days_before(date(year, month, 1), 3)


def currency_expiry(year: int, month: int) -> date:
    """CME: currencies end two business days before the third Wednesday."""
    first = date(year, month, 1)
    third_wednesday = first + timedelta(days=(2 - first.weekday()) % 7 + 14)
    return business_days_before(third_wednesday, 2)


def metal_expiry(year: int, month: int) -> date:
    """COMEX: the third last business day of the month."""
    return last_business_day(year, month, before=2)


def note_expiry(year: int, month: int) -> date:
    """CBOT: treasuries end on the seventh business day before the month's last."""
    return last_business_day(year, month, before=7)


def grain_expiry(year: int, month: int) -> date:
    """CBOT: grains end on the business day before the 15th."""
    return business_days_before(date(year, month, 15), 1)


def last_friday(year: int, month: int) -> date:
    """CME: crypto futures end on the last Friday."""
    day = last_business_day(year, month)
    return day - timedelta(days=(day.weekday() - 4) % 7)


def volatility_expiry(year: int, month: int) -> date:
    """CFE: thirty days before the third Friday of the month after."""
    year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return third_friday(year, month) - timedelta(days=30)


def option_expiries(today: date) -> list[date]:
    """List eight weekly Fridays, fourteen monthlies, three Januaries and four quarter ends."""
    friday = today + timedelta(days=(4 - today.weekday()) % 7)
    days = {friday + timedelta(weeks=week) for week in range(8)}
    months = months_from(today)
    for _ in range(14):
        year, month = next(months)
        days.add(third_friday(year, month))
        if month % 3 == 0:
            days.add(last_business_day(year, month))
    days.update(third_friday(today.year + ahead, 1) for ahead in (1, 2, 3))
    return sorted(day for day in days if day >= today)
