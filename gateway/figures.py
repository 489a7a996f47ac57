"""Numbers in words, for the trader who reads how a size came about. Pure."""

from decimal import ROUND_DOWN, Decimal

from alertwire.money import WIDE


def figure(value: Decimal) -> str:
    """Write a number for a person: thousands with commas, no trailing zeros."""
    text = f"{value:,f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def rounded(value: Decimal, places: int = 4) -> str:
    """Write a number that may never end, cut to so many places."""
    return figure(value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_DOWN, context=WIDE))
