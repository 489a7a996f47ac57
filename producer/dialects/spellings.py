"""One spelling for the names of fields, which everyone writes in another one. Pure."""

import re


def snake(name: str) -> str:
    """Return a name in lower case with underscores: `orderType` and `Order Type` are order_type."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip()).lower()
    # TradingView's own words for what the strategy holds ask for nothing.
    return re.sub(r"[^a-z0-9]+", "_", words).replace("position_size", "position")


def last_word_of(name: str) -> str:
    """Return a field's own name, without those of the objects around it."""
    return name.rpartition(".")[2]
