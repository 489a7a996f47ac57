"""`demo`: the main job on sample alerts, with nothing but this machine.

Real processes on free ports and in a folder of their own, the simulator as the broker. What it
counts at the end comes from the simulator's book, not from ours.
"""

import json
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from alertwire.cli import processes, send, trace
from alertwire.cli.supervisor import Supervisor, supervise
from alertwire.ports import free_ports
from alertwire.settings import PREFIX, Settings
from simulator.control import SimulatorControl

FILL_TIMEOUT_S: Final = 30.0
REFRESH_S: Final = 0.1
_WIDE: Final = 100
_HOPS: Final = {
    "disk": "journaled",
    "exec": "pulled",
    "gate": "taken",
    "sent": "placed",
    "ack": "acknowledged",
}
"""Column of the live table → step of the trace."""

Body = dict[str, Any]
OPTION: Final = "an option that still trades"

SAMPLES: Final[tuple[Body, ...]] = (
    {
        "strategy": "ema-cross",
        "symbol": "NASDAQ:AAPL",
        "action": "buy",
        "quantity": "10",
        "order_id": "Long",
    },
    {
        "strategy": "ema-cross",
        "symbol": "NASDAQ:AAPL",
        "action": "buy",
        "quantity": "10",
        "order_id": "Long",
    },
    {"strategy": "breakout", "symbol": "CME_MINI:ES1!", "action": "buy", "quantity": 2},
    {"strategy": "fx-trend", "symbol": "FX:EURUSD", "action": "sell", "quantity": "25000"},
    {
        "strategy": "dip-buyer",
        "symbol": "NYSE:IBM",
        "action": "buy",
        "quantity": 5,
        "order_type": "limit",
        "limit_price": "2000",
    },
    {"strategy": "ema-cross", "action": "buy", "quantity": 1},
    {"strategy": "rebalance", "symbol": "NASDAQ:MSFT", "action": "target", "quantity": "-7"},
    {"strategy": "ema-cross", "symbol": "NASDAQ:AAPL", "action": "exit"},
    {"strategy": "breakout", "symbol": "CME_MINI:ES1!", "action": "reverse"},
    {"strategy": "wheel", "symbol": OPTION, "action": "buy", "quantity": 1},
    {"strategy": "dip-buyer", "symbol": "AMEX:SPY", "action": "buy", "quantity": "12"},
    {"strategy": "fx-trend", "symbol": "FX:EURUSD", "action": "exit"},
    {"strategy": "rebalance", "symbol": "NASDAQ:MSFT", "action": "target", "quantity": "3"},
    {
        "strategy": "breakout",
        "symbol": "NASDAQ:NVDA",
        "action": "buy",
        "quantity": 4,
        "order_type": "stop",
        "stop_price": "1",
    },
)


@dataclass(slots=True)
class Sent:
    """One alert of the demo: what was posted, what the door said, what is known of it since."""

    body: Body
    status: int
    answer: Body
    trace: Body | None = None
    orders: list[Body] = field(default_factory=list)

    @property
    def alert_id(self) -> str:
        """The alert's id where it is a new one: neither refused nor a duplicate."""
        is_new = self.status == 200 and not self.answer.get("duplicate")
        return str(self.answer["alert_id"]) if is_new else ""

    @property
    def is_over(self) -> bool:
        state = (self.trace or {}).get("alert", {}).get("state")
        return not self.alert_id or (
            state in {"DONE", "PARKED"}
            and bool(self.orders)
            and all(order["status"] == "Filled" for order in self.orders)
        )


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(demo)


def demo(
    keep: bool = typer.Option(False, help="Keep the folder with journal, ledger and logs."),
) -> None:
    """See it work: all processes on the simulator, sample alerts, a live table, the count.

    alertwire demo --keep

    Needs no broker account, listens on free ports of this machine only, and changes nothing outside
    a temporary folder. Exits with 0 when every alert was ordered once and filled.
    """
    home = Path(tempfile.mkdtemp(prefix="alertwire-demo-"))
    settings = _settings(home)
    console = Console(highlight=False)
    is_good = False
    try:
        with supervise(
            _environment(settings), home, home / "logs", lambda _n, _l: None
        ) as children:
            console.print("demo: starting simulator, gateway, consumer and producer")
            processes.start_all(children, settings)
            is_good = _run(children, settings, console)
    except KeyboardInterrupt:
        console.print("demo: stopped")
    finally:
        if is_good and not keep:
            shutil.rmtree(home, ignore_errors=True)
        else:
            print(f"demo: journal, ledger and logs are in {home}", file=sys.stderr)
    sys.exit(0 if is_good else 1)


def _run(children: Supervisor, settings: Settings, console: Console) -> bool:
    with SimulatorControl(settings.simulator_host, settings.simulator_control) as control:
        sent = _send_all(children, settings, control, console)
        return _count(sent, control, console)


def _send_all(
    children: Supervisor, settings: Settings, control: SimulatorControl, console: Console
) -> list[Sent]:
    """Post the samples and draw each on its way until all are over."""
    sent: list[Sent] = []
    started_s = time.monotonic()
    with Live(console=console, refresh_per_second=12, transient=False) as live:
        for body in SAMPLES:
            dated = {**body, "symbol": _option()} if body.get("symbol") == OPTION else body
            answer = send.post(settings, "default", json.dumps(dated).encode())
            sent.append(Sent(dated, answer.status, answer.json()))
            _refresh(sent, settings, control)
            live.update(_picture(sent, console.width))
        while not all(one.is_over for one in sent):
            children.raise_if_ended()
            if time.monotonic() - started_s > FILL_TIMEOUT_S:
                break
            time.sleep(REFRESH_S)
            _refresh(sent, settings, control)
            live.update(_picture(sent, console.width))
    return sent


def _count(sent: list[Sent], control: SimulatorControl, console: Console) -> bool:
    """Count in the simulator's book: whose order is missing, whose is there twice."""
    book = control.call("book")["orders"]
    alert_ids = [one.alert_id for one in sent if one.alert_id]
    per_alert = Counter(str(order["orderRef"]).partition("-")[0] for order in book)
    lost = sum(1 for alert_id in alert_ids if not per_alert[alert_id])
    doubled = sum(max(0, per_alert[alert_id] - 1) for alert_id in alert_ids)
    doubled += sum(n for alert_id, n in per_alert.items() if alert_id not in alert_ids)
    filled = sum(1 for order in book if order["status"] == "Filled")
    refused = sum(1 for one in sent if one.status != 200)
    duplicates = sum(1 for one in sent if one.answer.get("duplicate"))
    console.print(
        f"demo: {len(sent)} posted, {duplicates} duplicate recognised, {refused} refused with a "
        f"reason"
    )
    console.print(
        f"demo: {len(alert_ids)} alerts, {len(book)} orders, {filled} filled, {lost} lost, "
        f"{doubled} doubled"
    )
    return not lost and not doubled and filled == len(book) == len(alert_ids)


def _refresh(sent: list[Sent], settings: Settings, control: SimulatorControl) -> None:
    book = control.call("book")["orders"]
    for one in sent:
        if one.alert_id and not one.is_over:
            one.trace = trace.collect(settings, one.alert_id)
        one.orders = [
            order
            for order in book
            if one.alert_id and str(order["orderRef"]).startswith(one.alert_id)
        ]


def _picture(sent: list[Sent], width: int) -> Group:
    """Draw the live table: a row per alert, the milliseconds from the POST to each hop."""
    is_wide = width >= _WIDE
    table = Table(box=None, header_style="bold", pad_edge=False, padding=(0, 1, 0, 0))
    if is_wide:
        table.add_column("strategy", no_wrap=True)
    for name in ("symbol", "action", *_HOPS, "order", "state"):
        table.add_column(name, justify="right" if name in _HOPS else "left", no_wrap=True)
    for one in sent:
        hops = {row["step"]: row["since_first_ms"] for row in (one.trace or {}).get("steps", [])}
        table.add_row(
            *([one.body["strategy"]] if is_wide else []),
            one.body.get("symbol", "-").rpartition(":")[2],
            one.body["action"],
            *(f"{float(hops[step]):.1f}" if step in hops else "" for step in _HOPS.values()),
            ", ".join(f"{o['action']} {o['quantity']} {o['orderType']}" for o in one.orders),
            _state(one),
        )
    legend = "milliseconds since the POST was read: journaled, at the executor, at the gateway, "
    return Group(table, Text(f"{legend}sent to the broker, acknowledged\n", style="dim"))


def _state(one: Sent) -> Text:
    if one.status != 200:
        error = one.answer.get("error", {})
        return Text(f"{one.status} {error.get('field') or error.get('code', '')}", style="yellow")
    if one.answer.get("duplicate"):
        return Text("duplicate", style="yellow")
    if one.orders and all(order["status"] == "Filled" for order in one.orders):
        return Text("filled", style="green")
    alert = (one.trace or {}).get("alert", {})
    return Text(str(alert.get("outcome") or alert.get("state") or "accepted").lower())


def _option() -> str:
    """Name a call on AAPL in TradingView's notation; monthly options end on a third Friday."""
    month = (datetime.now(UTC) + timedelta(days=40)).replace(day=15)
    third_friday = month + timedelta(days=(4 - month.weekday()) % 7)
    return f"OPRA:AAPL{third_friday:%y%m%d}C200.0"


def _settings(home: Path) -> Settings:
    producer, simulator, control, alerts, acks, commands, reports = free_ports(7)
    return Settings(
        home=home,
        config=home / "alertwire.toml",
        trading_mode="paper",
        producer_port=producer,
        simulator_port=simulator,
        simulator_control_port=control,
        ib_port=simulator,
        alerts_endpoint=f"tcp://127.0.0.1:{alerts}",
        acks_endpoint=f"tcp://127.0.0.1:{acks}",
        commands_endpoint=f"tcp://127.0.0.1:{commands}",
        reports_endpoint=f"tcp://127.0.0.1:{reports}",
    )


def _environment(settings: Settings) -> dict[str, str]:
    """Hand the demo's settings to its processes, and none of the caller's."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    given = settings.model_dump(exclude_defaults=True, mode="json")
    return inherited | {PREFIX + name.upper(): str(value) for name, value in given.items()}
