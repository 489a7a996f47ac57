"""The tables. Migrations in `migrations/` bring a database to this shape."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from alertwire.money import format_decimal, parse_decimal


class DecimalText(TypeDecorator[Decimal]):
    """A Decimal kept as text: SQLite would turn a Numeric into a float and lose digits."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: Decimal | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        return None if value is None else format_decimal(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> Decimal | None:  # noqa: ARG002
        return None if value is None else parse_decimal(value)


class Instant(TypeDecorator[datetime]):
    """A UTC time kept as whole microseconds since 1970: exact, sortable, the same in any engine."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else round(value.timestamp() * 1_000_000)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else datetime.fromtimestamp(value / 1_000_000, UTC)


metadata: Final = MetaData()

streams: Final = Table(
    "streams",
    metadata,
    Column("stream_id", String(36), primary_key=True),
    Column("created_at", Instant, nullable=False),
)

alerts: Final = Table(
    "alerts",
    metadata,
    Column("alert_id", String(26), primary_key=True),
    Column("route", String(64), nullable=False),
    Column("strategy", String(64), nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("key", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),  # NEW INFLIGHT DONE PARKED LATE
    Column("attempts", Integer, nullable=False),
    Column("outcome", String(10)),
    Column("detail", Text),
    Column("identity", Text, nullable=False),  # what makes two alerts the same
    Column("accepted_at", Instant, nullable=False),
    Column("not_after", Instant),
    Column("decided_at", Instant),
    Column("raw_body", LargeBinary, nullable=False),
    Column("message", LargeBinary, nullable=False),  # the encoded alertwire.v1.Alert
    Column("trace", Text, nullable=False),  # JSON: traceparent and stamps, latest known
    Column("fired_at", Instant),  # when the sender says that it fired
    Column("handled_at", Instant),  # when a person dealt with it as a dead letter, and how
    Column("handled_as", Text),
    Column("account", Text),  # that it is for; several only from before there was a row for each
    # The first alert of the same message, of which this is another account's part.
    Column("sibling_of", String(26)),
    # The refusal or late alert whose entry the gateway is told of: no alert of its own.
    Column("void_of", String(26)),
    UniqueConstraint("key", "seq", name="uq_alerts_key_seq"),
    Index("ix_alerts_state", "state"),
    Index("ix_alerts_sibling", "sibling_of"),
    Index("ix_alerts_void", "void_of"),
    Index("ix_alerts_identity", "identity", "accepted_at"),
)

attempts: Final = Table(
    "attempts",
    metadata,
    Column("alert_id", String(26), primary_key=True),
    Column("attempt", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("mode", String(8), nullable=False),
    Column("reason", Text, nullable=False),  # why it was sent again
)

refusals: Final = Table(
    "refusals",
    metadata,
    Column("refusal_id", String(26), primary_key=True),
    Column("route", String(64), nullable=False),
    Column("at", Instant, nullable=False),
    Column("source", String(64), nullable=False),
    Column("status", Integer, nullable=False),
    Column("code", String(64), nullable=False),
    Column("field", String(64), nullable=False),
    Column("detail", Text, nullable=False),
    Column("raw_body", LargeBinary, nullable=False),
    Column("handled_at", Instant),
    Column("handled_as", Text),
)

commands: Final = Table(
    "commands",
    metadata,
    Column("command_id", String(40), primary_key=True),
    Column("alert_id", String(26), nullable=False),
    Column("stream_id", String(36), nullable=False),
    Column("key", Text, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("account", String(32), nullable=False),
    Column("strategy", String(64), nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("action", String(16), nullable=False),
    Column("state", String(10), nullable=False),  # INTENT or the outcome
    Column("detail", Text, nullable=False),
    Column("taken_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("message", LargeBinary, nullable=False),  # the encoded alertwire.v1.OrderCommand
    Column("trace", Text, nullable=False),
    Column("contract_id", BigInteger),  # NULL: nobody asked for it
    Index("ix_commands_alert", "alert_id"),
    Index("ix_commands_state", "state"),
    Index("ix_commands_trades", "strategy", "symbol", "account", "decided_at", "command_id"),
)

orders: Final = Table(
    "orders",
    metadata,
    Column("order_ref", String(40), primary_key=True),
    Column("command_id", String(40), nullable=False),
    Column("alert_id", String(26), nullable=False),
    Column("account", String(32), nullable=False),
    Column("strategy", String(64), nullable=False),
    Column("strategy_order_id", Text, nullable=False),
    Column("client_id", Integer, nullable=False),
    Column("order_id", BigInteger, nullable=False),
    Column("perm_id", BigInteger, nullable=False),
    Column("contract_id", BigInteger, nullable=False),
    Column("symbol", String(64), nullable=False),
    Column("local_symbol", String(64), nullable=False),
    Column("side", String(4), nullable=False),
    Column("order_type", String(24), nullable=False),
    Column("quantity", DecimalText, nullable=False),
    Column("limit_price", DecimalText),
    Column("stop_price", DecimalText),
    Column("state", String(20), nullable=False),
    Column("filled", DecimalText, nullable=False),
    Column("average_price", DecimalText),
    Column("code", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    Column("cancel_asked_at", Instant),  # when we last wanted it cancelled
    Column("role", String(12), nullable=False, server_default="MAIN"),
    Column("parent_ref", String(40), nullable=False, server_default=""),
    Column("ticket", Text, nullable=False, server_default=""),  # what was asked, as JSON
    Column("taken_back_at", Instant),  # when we cancelled it, for it had lost its protection
    UniqueConstraint("client_id", "order_id", name="uq_orders_client_order"),
    Column("is_entry", Boolean),  # NULL: sent before that was kept
    Index("ix_orders_alert", "alert_id"),
    Index("ix_orders_command", "command_id"),
    Index("ix_orders_state", "state"),
)

fills: Final = Table(
    "fills",
    metadata,
    Column("execution_id", String(64), primary_key=True),
    Column("order_ref", String(40), nullable=False),
    Column("quantity", DecimalText, nullable=False),
    Column("price", DecimalText, nullable=False),
    Column("at", Instant, nullable=False),
    Column("commission", DecimalText),
    Column("commission_currency", String(3), nullable=False),
    Index("ix_fills_order", "order_ref"),
)

strategy_positions: Final = Table(
    "strategy_positions",  # the sum of a strategy's fills; what is flat has no row
    metadata,
    Column("account", String(32), primary_key=True),
    Column("strategy", String(64), primary_key=True),
    Column("contract_id", BigInteger, primary_key=True, autoincrement=False),
    Column("symbol", String(64), nullable=False),
    Column("local_symbol", String(64), nullable=False),
    Column("quantity", DecimalText, nullable=False),
)

reaches: Final = Table(
    "reaches",  # what a flatten over contracts is about, as it stood where it was first seen
    metadata,
    Column("flatten_id", String(40), primary_key=True),
    Column("account", String(32), primary_key=True),
    Column("contract_id", BigInteger, primary_key=True, autoincrement=False),
    Column("long", DecimalText, nullable=False),
    Column("short", DecimalText, nullable=False),
    Column("at", Instant, nullable=False),
)

order_events: Final = Table(
    "order_events",
    metadata,
    Column("event_id", Integer, primary_key=True, autoincrement=True),
    Column("order_ref", String(40), nullable=False),
    Column("at", Instant, nullable=False),
    Column("state", String(20), nullable=False),
    Column("filled", DecimalText, nullable=False),
    Column("code", Integer, nullable=False),  # the broker's message code; 0: none
    Column("detail", Text, nullable=False),
    Index("ix_order_events_order", "order_ref"),
)

fences: Final = Table(
    "fences",
    metadata,
    Column("stream_id", String(36), primary_key=True),
    Column("key", Text, primary_key=True),
    Column("seq", BigInteger, nullable=False),
    Column("is_void", Boolean, nullable=False),
)

halts: Final = Table(
    "halts",
    metadata,
    Column("account", String(32), primary_key=True),  # empty: all
    Column("strategy", String(64), primary_key=True),  # empty: all
    Column("block_exits", Boolean, nullable=False),
    Column("since", Instant, nullable=False),
    Column("by", Text, nullable=False),
)
