"""What must hold of any body whatsoever, for every dialect; and bodies to begin from."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Final

from alertwire.configuration import Route
from alertwire.dialects import DialectName, PineConnector
from alertwire.wire import codec
from alertwire.wire.alert import Action, Alert, OrderType
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading
from producer.refusal import Refused

NOW: Final = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
ID: Final = "01JD9Q4ZK3T7M0V5R8XW2YB6NC"
DATA: Final = Path(__file__).parents[1] / "producer" / "data"
SETTINGS: Final = PineConnector.model_validate(
    {"volume": "lots", "targets": "pips", "pip_size": "0.0001", "lot_size": "100000"}
)
ROUTES: Final = {
    name: Route(dialect=name, quantity=Decimal(1), pineconnector=SETTINGS) for name in DialectName
}


def seeds() -> Iterator[bytes]:
    """Yield every body of the test data."""
    for path in sorted(DATA.glob("*.jsonl")):
        for line in path.read_text(encoding="utf-8").splitlines():
            yield json.loads(line)["body"].encode()


def check(raw: bytes) -> int:
    """Read a body in every dialect; return how many made an order of it. Raises AssertionError."""
    return sum(_check(raw, route) for route in ROUTES.values())


def _check(raw: bytes, route: Route) -> bool:
    found = read_alert(raw, "main", route, ID, NOW)
    if isinstance(found, Refused):
        assert found.status in {400, 422}
        assert found.code
        assert found.message
        assert isinstance(found.field, str)
        assert len(found.field) <= 128
        return False
    assert isinstance(found, Reading)
    assert_readable(raw)
    assert_sound(found.alert, route)
    assert found.identity.startswith("main ")
    # What is accepted can be sent, kept, and read again as the same.
    assert codec.decode(Alert, codec.encode(found.alert)) == found.alert
    assert read_alert(raw, "main", route, ID, NOW) == found
    return True


def assert_readable(raw: bytes) -> None:
    """An order is never made of these, whatever else is in them."""
    text = raw.decode("utf-8")
    assert "{{" not in text
    assert not any(ord(c) < 32 and c not in "\t\r\n" for c in text)
    body = text.strip(" \t\r\n\ufeff\u00a0\u200b\u200c\u200d\u2060")
    if body.startswith("{"):
        assert body.endswith("}")
    else:
        assert "\n" not in body


def assert_sound(alert: Alert, route: Route) -> None:
    assert route.dialect is DialectName.AUTO or alert.dialect == route.dialect.value
    assert alert.alert_id == ID
    assert alert.instrument.symbol
    assert alert.strategy.isascii()
    assert all((one.price, one.percent, one.offset).count(None) == 2 for one in alert.take_profits)
    if alert.action in {Action.CANCEL, Action.FLATTEN, Action.MODIFY}:
        assert alert.sizing is None
        assert alert.entry is None
        has_legs = bool(alert.take_profits or alert.stop_loss)
        assert has_legs is (alert.action is Action.MODIFY)
        return
    assert alert.scope is None
    assert alert.entry is not None
    if alert.action is Action.EXIT and (alert.take_profits or alert.stop_loss):
        # It closes at these prices and nothing now: nothing else may ask for a close.
        assert alert.dialect == DialectName.NATIVE.value
        assert alert.sizing is None
        assert alert.entry.type is OrderType.MARKET
    if alert.action in {Action.BUY, Action.SELL, Action.TARGET}:
        assert alert.sizing is not None
    if alert.sizing is not None:
        assert alert.action is Action.TARGET or alert.sizing.value > 0
