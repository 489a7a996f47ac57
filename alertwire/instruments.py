"""What makes two instruments one: the text that names what is traded, however it was spelled."""

from alertwire.wire.alert import Instrument


def instrument_key(instrument: Instrument) -> str:
    """Name what is traded, as stable text: journals hold it.

    Neither the exchange nor the spelling counts: BATS:AAPL and NASDAQ:AAPL are one stock.
    """
    parts = (
        instrument.security_type.name.lower(),
        instrument.symbol,
        instrument.currency,
        instrument.expiry,
        instrument.trading_class,
        "" if instrument.multiplier is None else str(instrument.multiplier),
        "" if instrument.strike is None else str(instrument.strike),
        "" if instrument.right is None else instrument.right.name.lower(),
        f"{instrument.continuous_depth}!" if instrument.continuous_depth else "",
    )
    return " ".join(part for part in parts if part)
