"""A journal and a ledger filled by hand: rows as the processes write them, ages as a test wants."""

import json
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select

from alertwire.journal import tables
from alertwire.journal.database import open_database
from alertwire.wire import codec
from alertwire.wire.alert import Action, Alert, Instrument, SecurityType
from alertwire.wire.command import OrderCommand
from alertwire.wire.delivery import Mode

STREAM = "11111111-2222-3333-4444-555555555555"
_INSTRUMENT = Instrument(security_type=SecurityType.STOCK, symbol="AAPL")


class Records:
    """`journal.db` and `ledger.db` in a folder."""

    def __init__(self, home: Path, now: datetime) -> None:
        home.mkdir(parents=True, exist_ok=True)
        self.home = home
        self.now = now
        self.journal_url = f"sqlite:///{home}/journal.db"
        self.ledger_url = f"sqlite:///{home}/ledger.db"
        self.journal = open_database(self.journal_url, setting="X")
        self.ledger = open_database(self.ledger_url, setting="X")
        self.count = 0
        self.seqs: dict[str, int] = {}
        self.put(self.journal, tables.streams, stream_id=STREAM, created_at=now)

    def put(self, engine: Engine, table: Any, **row: Any) -> None:
        with engine.begin() as connection:
            connection.execute(insert(table), row)

    def change(self, table: Any, identity: str, **values: Any) -> None:
        """Change a row of the table's own database as no process would."""
        engine = self.ledger if table in {tables.commands, tables.orders} else self.journal
        (key,) = table.primary_key.columns
        with engine.begin() as connection:
            assert connection.execute(
                table.update().where(key == identity).values(**values)
            ).rowcount

    def identity(self) -> str:
        self.count += 1
        return f"01KAPRT3M2W8Y4ZC9N5Q{self.count:06d}"

    def alert(
        self,
        outcome: str = "ACCEPTED",
        *,
        state: str = "DONE",
        key: str = "s|stock AAPL",
        age: timedelta = timedelta(0),
        with_command: bool = True,
        **changes: Any,
    ) -> str:
        """Add an alert, and the command that an accepted one has; return its id."""
        alert_id = self.identity()
        self.seqs[key] = changes.pop("seq", self.seqs.get(key, 0) + 1)
        at = self.now - age + timedelta(milliseconds=10 * self.count)
        alert = Alert(
            alert_id=alert_id,
            route="default",
            strategy="s",
            instrument=replace(_INSTRUMENT, source_symbol="NASDAQ:AAPL"),
            action=Action.BUY,
            accepted_at=at,
        )
        is_decided = state in {"DONE", "PARKED"}
        row = {
            "alert_id": alert_id,
            "route": "default",
            "strategy": "s",
            "symbol": "NASDAQ:AAPL",
            "action": "buy",
            "key": key,
            "seq": self.seqs[key],
            "state": state,
            "attempts": int(is_decided),
            "outcome": outcome if is_decided else None,
            "detail": f"as {outcome.lower()} by the test" if is_decided else None,
            "identity": f"default id {alert_id}",
            "accepted_at": at,
            "decided_at": at + timedelta(milliseconds=9) if is_decided else None,
            "raw_body": b'{"symbol": "NASDAQ:AAPL"}',
            "message": codec.encode(alert),
            "trace": _trace(at),
        }
        self.put(self.journal, tables.alerts, **{**row, **changes})
        if outcome == "ACCEPTED" and is_decided and with_command:
            self.command(alert_id, key=key, seq=self.seqs[key], at=at)
        return alert_id

    def command(
        self, alert_id: str, *, key: str = "s|stock AAPL", seq: int, at: datetime, **changes: Any
    ) -> str:
        command_id = changes.pop("command_id", f"{alert_id}-1")
        command = OrderCommand(
            stream_id=STREAM,
            alert_id=alert_id,
            command_id=command_id,
            key=key,
            seq=seq,
            mode=Mode.EXECUTE,
        )
        row = {
            "command_id": command_id,
            "alert_id": alert_id,
            "stream_id": STREAM,
            "key": key,
            "seq": seq,
            "account": "DU1",
            "strategy": "s",
            "symbol": "AAPL",
            "action": "BUY",
            "state": "ACCEPTED",
            "detail": "as the test says",
            "taken_at": at,
            "decided_at": at,
            "message": codec.encode(command),
            "trace": "{}",
        }
        self.put(self.ledger, tables.commands, **{**row, **changes})
        self.fence(key, seq)
        return command_id

    def fence(self, key: str, seq: int) -> None:
        with self.ledger.begin() as connection:
            where = tables.fences.c.key == key
            if not connection.execute(tables.fences.update().where(where).values(seq=seq)).rowcount:
                row = {"stream_id": STREAM, "key": key, "seq": seq, "is_void": False}
                connection.execute(tables.fences.insert(), row)

    def refusal(self, body: bytes = b"{}", *, age: timedelta = timedelta(0), **changes: Any) -> str:
        refusal_id = self.identity()
        row = {
            "refusal_id": refusal_id,
            "route": "default",
            "at": self.now - age,
            "source": "127.0.0.1",
            "status": 422,
            "code": "invalid",
            "field": "quantity",
            "detail": "quantity must be above 0",
            "raw_body": body,
        }
        self.put(self.journal, tables.refusals, **{**row, **changes})
        return refusal_id

    def ids(self, table: Any = tables.alerts) -> list[str]:
        (key,) = table.primary_key.columns
        with self.journal.connect() as connection:
            found: Iterable[Any] = connection.execute(select(key).order_by(key)).scalars()
            return list(found)

    def close(self) -> None:
        self.journal.dispose()
        self.ledger.dispose()


def _trace(at: datetime) -> str:
    stamps = [
        [name, (at + timedelta(milliseconds=number)).isoformat()]
        for number, name in enumerate(("RECEIVED", "JOURNALED", "PUSHED"))
    ]
    return json.dumps({"traceparent": "", "stamps": stamps})
