"""Windows in which the broker is left alone."""

from datetime import UTC, datetime

import pytest

from alertwire.blackout import read_blackout
from alertwire.faults import ConfigurationError
from alertwire.settings import load_settings


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


NIGHT = "23:44-23:52 America/New_York"
WEEK = "Sun 00:55-01:30 America/New_York"


@pytest.mark.parametrize(
    ("windows", "now", "ends"),
    [
        # Winter: New York is five hours behind UTC; summer: four.
        (NIGHT, "2026-11-24T04:43:59", ""),
        (NIGHT, "2026-11-24T04:44:00", "23:52 America/New_York"),
        (NIGHT, "2026-11-24T04:51:59", "23:52 America/New_York"),
        (NIGHT, "2026-11-24T04:52:00", ""),
        (NIGHT, "2026-07-01T03:45:00", "23:52 America/New_York"),
        (NIGHT, "2026-07-01T04:45:00", ""),
        (WEEK, "2026-11-22T06:00:00", "01:30 America/New_York"),
        (WEEK, "2026-11-23T06:00:00", ""),
        (f"{NIGHT}, {WEEK}", "2026-11-22T06:00:00", "01:30 America/New_York"),
        # Over midnight, and the day is that of the start.
        ("23:30-00:30 UTC", "2026-11-24T00:15:00", "00:30 UTC"),
        ("23:30-00:30 UTC", "2026-11-24T23:45:00", "00:30 UTC"),
        ("Sat 23:30-00:30 UTC", "2026-11-22T00:15:00", "00:30 UTC"),
        ("saturday 23:30-00:30 UTC", "2026-11-21T23:45:00", "00:30 UTC"),
        ("Sat 23:30-00:30 UTC", "2026-11-21T00:15:00", ""),
        # The longest is told.
        ("10:00-11:00 UTC,10:30-12:00 UTC", "2026-11-24T10:45:00", "12:00 UTC"),
        ("", "2026-11-24T10:45:00", ""),
    ],
)
def test_a_window_is_told_with_its_end(windows, now, ends):
    told = read_blackout(windows).until(at(now))

    assert told == (f"blackout window of the broker until {ends}" if ends else "")


def test_the_hour_that_summer_time_skips_or_repeats_ends_all_the_same():
    night = read_blackout("01:30-02:30 America/New_York")

    # 2026-03-08: 02:00 becomes 03:00. 2026-11-01: 02:00 becomes 01:00 again.
    assert night.until(at("2026-03-08T06:45:00"))
    assert not night.until(at("2026-03-08T07:45:00"))
    assert night.until(at("2026-11-01T05:45:00"))
    assert not night.until(at("2026-11-01T08:00:00"))


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("23:44", "is no window"),
        ("23:44-23:52", "is no window"),
        ("25:00-26:00 UTC", "no such time of day"),
        ("10:00-10:00 UTC", "ends when it begins"),
        ("10:00-11:00 Mars/Base", "is no time zone"),
        ("10:00-11:00 ../etc/passwd", "is no"),
        ("Someday 10:00-11:00 UTC", "is no day of the week"),
    ],
)
def test_a_wrong_window_names_the_setting_and_the_remedy(monkeypatch, text, word):
    monkeypatch.setenv("ALERTWIRE_IB_BLACKOUT", f"{NIGHT}, {text}")

    with pytest.raises(ConfigurationError) as caught:
        load_settings()

    said = str(caught.value)
    assert said.startswith("ALERTWIRE_IB_BLACKOUT is wrong")
    assert word in said
    assert "write [DAY ]HH:MM-HH:MM ZONE" in said
