"""A TWS that says as little as one may: written from the wire alone, apart from the simulator.

It shares no code with `simulator/`, so that what both accept is the protocol and not a mistake made
twice. It answers at once, keeps what it was sent, and never tells positions after the first time.
With `is_taciturn` it tells a fill by orderStatus alone, without an execution.

What it took it remembers over connections: ids go on, executions are told again when asked for, an
id that was filled is refused with 103, and a client id is free only when the connection before is
read to its end (326).

Orders are read by the tables of spartan_order.py. An order without `transmit` is kept until one of
its family has it; only then does anything of the family work. Orders at the market are filled at
once, all others rest. Every account is worth 100,000 USD, and everything is 100.4 to 100.5.
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field
from decimal import Decimal

from tests.end_to_end.spartan_order import open_order, read_order

VERSION = 176
PRICE = "100.5"
# As TWS lists them; times in force among them.
ORDER_TYPES = (
    "ADJUST,DAY,FOK,GAT,GTC,GTD,IOC,LIT,LMT,LOC,MIT,MKT,MOC,OCA,OPG,STP,STPLMT,TRAIL,TRAILLMT"
)
# Kind of contract → number and step of its market rule.
RULES = {"CASH": ("239", "0.00005"), "FUT": ("67", "0.25")}
USUAL_RULE = ("26", "0.01")


@dataclass
class Placed:
    """An order, by the fields of its newest placeOrder."""

    fields: dict[str, str]
    at: float
    changes: int = 0
    is_filled: bool = False
    is_held: bool = False

    @property
    def order_id(self) -> str:
        return self.fields["orderId"]

    @property
    def symbol(self) -> str:
        return self.fields["symbol"]

    @property
    def security_type(self) -> str:
        return self.fields["secType"]

    @property
    def action(self) -> str:
        return self.fields["action"]

    @property
    def quantity(self) -> str:
        return self.fields["totalQuantity"]

    @property
    def units(self) -> str:
        """What fills: the quantity, or as much as the order's cash buys."""
        if not float(self.fields["cashQty"] or 0):
            return self.quantity
        return f"{Decimal(self.fields['cashQty']) / Decimal(PRICE):.8f}"

    @property
    def order_type(self) -> str:
        return self.fields["orderType"]

    @property
    def limit_price(self) -> str:
        return self.fields["lmtPrice"]

    @property
    def stop_price(self) -> str:
        return self.fields["auxPrice"]

    @property
    def account(self) -> str:
        return self.fields["account"]

    @property
    def order_ref(self) -> str:
        return self.fields["orderRef"]

    @property
    def root(self) -> str:
        """The id of the entry of its family."""
        parent = self.fields["parentId"]
        return self.order_id if parent in {"", "0"} else parent


@dataclass
class SpartanTws:
    """Listens on a free port of its own until closed."""

    accounts: str = "DU1234567"
    is_taciturn: bool = False
    placed: list[Placed] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    frames: list[dict[str, str]] = field(default_factory=list)
    """Every placeOrder as it came, changes too."""
    errors: list[str] = field(default_factory=list)
    """Frames that the tables do not know."""
    duplicates_refused: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._clients: dict[str, socket.socket] = {}
        self._executions: list[tuple[object, ...]] = []
        self._lock = threading.Lock()
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for each in (self._listener, *self._connections):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._connections.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        try:
            greeting = stream.read(4)
            if not greeting:
                # Whoever was killed between its connect and its first byte.
                return
            assert greeting == b"API\0"
            stream.read(int.from_bytes(stream.read(4), "big"))
            self._send(connection, VERSION, time.strftime("%Y%m%d %H:%M:%S EST"))
            while size := stream.read(4):
                frame = stream.read(int.from_bytes(size, "big"))
                with self._lock:
                    self._answer(connection, frame.decode().split("\0")[:-1])
        except (OSError, ValueError):
            return
        finally:
            stream.close()
            with self._lock:
                self._clients = {k: v for k, v in self._clients.items() if v is not connection}

    def _answer(self, to: socket.socket, said: list[str]) -> None:
        kind = said[0]
        if kind == "71":
            if said[2] in self._clients:
                self._send(to, 4, 2, -1, 326, "Unable to connect as the client id is in use.", "")
                to.shutdown(socket.SHUT_RDWR)
                return
            self._client_id = said[2]
            self._clients[said[2]] = to
            self._send(to, 15, 1, self.accounts)
            self._send(to, 9, 1, 1 + max((int(one.order_id) for one in self.placed), default=0))
        elif kind == "61":
            self._send(to, 62, 1)
        elif kind in {"5", "16"}:
            self._send(to, 53, 1)
        elif kind == "99":
            self._send(to, 102)
        elif kind == "6":
            self._send(to, 54, 1, said[3])
        elif kind == "76":
            self._send(to, 74, 1, said[2])
        elif kind == "7":
            for order_id, *rest in self._executions:
                self._send(to, 11, said[2], order_id, *rest)
            self._send(to, 55, 1, said[2])
        elif kind == "49":
            self._send(to, 49, 1, int(time.time()))
        elif kind == "9":
            self._tell_contract(to, said)
        elif kind == "1":
            for tick, price in ((1, "100.4"), (2, PRICE)):
                self._send(to, 1, 6, said[2], tick, price, 100, 0)
            self._send(to, 57, 1, said[2])
        elif kind == "62":
            for account in self.accounts.split(","):
                for tag in ("NetLiquidation", "AvailableFunds"):
                    self._send(to, 63, 1, said[2], account, tag, "100000", "USD")
            self._send(to, 64, 1, said[2])
        elif kind == "91":
            steps = dict([*RULES.values(), USUAL_RULE])
            self._send(to, 93, said[1], 1, 0, steps[said[1]])
        elif kind == "3":
            self._take_order(to, said)
        elif kind == "4":
            self.cancelled.append(said[2])
            self._tell_status(to, said[2], "Cancelled", "0", "0")

    def _tell_contract(self, to: socket.socket, said: list[str]) -> None:
        request = said[2]
        _, symbol, kind, expiry, strike, right, multiplier, exchange, primary, currency = said[3:13]
        local, trading_class = said[13:15]
        if kind == "FUT" and len(expiry) < 8:
            expiry = f"{expiry or '203012'}18"
        contract_id = (
            1000 + sum(ord(letter) * 7**n for n, letter in enumerate(symbol + kind)) % 10**6
        )
        # Smallest size, its steps, and those suggested: crypto trades in parts.
        size = "0.00000001" if kind == "CRYPTO" else "1"
        rule, step = RULES.get(kind, USUAL_RULE)
        self._send(
            to,
            10,
            request,
            symbol,
            kind,
            expiry,
            strike,
            right,
            exchange,
            currency,
            local or symbol,
            symbol,
            trading_class or symbol,
            contract_id,
            step,
            multiplier,
            ORDER_TYPES,
            exchange,
            1,
            0,
            symbol,
            primary,
            expiry[:6],
            "",
            "",
            "",
            "US/Eastern",
            "",
            "",
            "",
            0,
            0,
            1,
            "",
            "",
            rule,
            "",
            "COMMON",
            *[size] * 3,
        )
        self._send(to, 52, 1, request)

    def _take_order(self, to: socket.socket, said: list[str]) -> None:
        try:
            fields = read_order(said)
        except ValueError as error:
            self.errors.append(str(error))
            self._send(to, 4, 2, said[1], 320, "Error reading request", "")
            return
        self.frames.append(fields)
        order_id = fields["orderId"]
        known = next((one for one in self.placed if one.order_id == order_id), None)
        if known is not None and known.is_filled:
            self.duplicates_refused += 1
            self._send(to, 4, 2, order_id, 103, "Duplicate order id", "")
            return
        if known is not None:
            known.changes += 1
            known.fields = fields
            told = open_order(fields, self._client_id, 9000 + int(order_id), "Submitted")
            self._send(to, 5, *told)
            self._tell_status(to, order_id, "Submitted", "0", known.quantity)
            return
        order = Placed(fields, time.time(), is_held=True)
        self.placed.append(order)
        if fields["transmit"] != "1":
            self._tell_status(to, order_id, "PreSubmitted", "0", order.quantity)
            return
        for one in self.placed if order.root != order_id else [order]:
            if one.is_held and one.root == order.root:
                self._let_work(to, one)

    def _let_work(self, to: socket.socket, order: Placed) -> None:
        order.is_held = False
        order_id = order.order_id
        self._tell_status(to, order_id, "Submitted", "0", order.quantity)
        if order.order_type != "MKT" or order.fields["tif"] == "OPG":
            return
        order.is_filled = True
        if not self.is_taciturn:
            told = self._execution(order)
            self._executions.append(told)
            self._send(to, 11, -1, *told)
        self._tell_status(to, order_id, "Filled", order.units, "0")

    def _execution(self, placed: Placed) -> tuple[object, ...]:
        order = placed.fields
        contract = """conId symbol secType lastTradeDate strike right multiplier exchange currency
            localSymbol tradingClass"""
        return (
            order["orderId"],
            *(order[name] for name in contract.split()),
            f"e{order['orderId']}.{len(self.placed)}.01",
            time.strftime("%Y%m%d %H:%M:%S US/Eastern"),
            order["account"],
            order["exchange"],
            "BOT" if order["action"] == "BUY" else "SLD",
            placed.units,
            PRICE,
            9000 + int(order["orderId"]),
            self._client_id,
            0,
            placed.units,
            PRICE,
            order["orderRef"],
            "",
            "",
            "",
            1,
        )

    def _tell_status(
        self, to: socket.socket, order_id: str, status: str, filled: str, remaining: str
    ) -> None:
        self._send(
            to,
            3,
            order_id,
            status,
            filled,
            remaining,
            PRICE,
            9000 + int(order_id),
            0,
            PRICE,
            self._client_id,
            "",
            0,
        )

    def _send(self, to: socket.socket, *fields: object) -> None:
        body = "".join(f"{value}\0" for value in fields).encode()
        # Whoever went away is not told; what it sent is read to its end all the same.
        with contextlib.suppress(OSError):
            to.sendall(len(body).to_bytes(4, "big") + body)
