"""The ordering key: what is carried out strictly one after the other, as stable text."""

from alertwire.configuration import OrderingKey
from alertwire.instruments import instrument_key
from alertwire.wire.alert import Alert


def ordering_key(alert: Alert, rule: OrderingKey) -> str:
    """Name the queue that the alert stands in."""
    if rule is OrderingKey.ROUTE:
        return f"route {alert.route}"
    instrument = instrument_key(alert.instrument)
    if rule is OrderingKey.INSTRUMENT:
        return f"|{instrument}"
    return f"{alert.strategy}|{instrument}"


def account_key(key: str, account: str) -> str:
    """Name the part of a queue that is one account's: accounts never wait for each other."""
    return f"{key}|{account}" if account else key
