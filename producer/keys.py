"""The ordering key: what is carried out strictly one after the other, as stable text."""

from alertwire.configuration import OrderingKey
from alertwire.wire.alert import Alert, Instrument


def ordering_key(alert: Alert, rule: OrderingKey) -> str:
    """Name the queue that the alert stands in."""
    if rule is OrderingKey.ROUTE:
        return f"route {alert.route}"
    instrument = _instrument(alert.instrument)
    if rule is OrderingKey.INSTRUMENT:
        return f"|{instrument}"
    return f"{alert.strategy}|{instrument}"


def account_key(key: str, account: str) -> str:
    """Name the part of a queue that is one account's: accounts never wait for each other."""
    return f"{key}|{account}" if account else key


def _instrument(instrument: Instrument) -> str:
    # Neither the primary exchange nor the spelling: BATS:AAPL and NASDAQ:AAPL are one stock.
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
