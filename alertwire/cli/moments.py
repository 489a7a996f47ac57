"""Moments as an operator writes them: `2h` ago, or a date."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

import typer

MOMENT_HELP: Final = "90s, 30m, 2h, 7d or 4w ago; or a date or time in UTC: 2026-11-22T14:30"
_AGO: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def read_moment(text: str, option: str, now: datetime) -> datetime:
    """Return the moment that the option names, seen from `now`. Raises typer.BadParameter."""
    if found := _AGO.fullmatch(text.strip().lower()):
        try:
            return now - timedelta(seconds=int(found[1]) * _UNITS_S[found[2]])
        except OverflowError:
            raise typer.BadParameter(f"{option} {text}: there was no such time") from None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        raise typer.BadParameter(f"{option} {text}: give {MOMENT_HELP}") from None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
