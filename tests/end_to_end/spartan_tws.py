"""A TWS that says as little as one may: written from the wire alone, apart from the simulator.

It shares no code with `simulator/`, so that what both accept is the protocol and not a mistake made
twice. It answers at once, keeps what it was sent, and never tells positions after the first time.
With `is_taciturn` it tells a fill by orderStatus alone, without an execution.

What it took it remembers over connections: ids go on, executions are told again when asked for, an
id that was filled is refused with 103, and a client id is free only when the connection before is
read to its end (326).
"""

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field

VERSION = 176


@dataclass
class Placed:
    """One placeOrder frame, as far as the tests look at it."""

    order_id: str
    symbol: str
    security_type: str
    expiry: str
    exchange: str
    currency: str
    action: str
    quantity: str
    order_type: str
    limit_price: str
    stop_price: str
    tif: str
    account: str
    order_ref: str
    at: float
    changes: int = 0


@dataclass
class SpartanTws:
    """Listens on a free port of its own until closed."""

    accounts: str = "DU1234567"
    is_taciturn: bool = False
    placed: list[Placed] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
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
            assert stream.read(4) == b"API\0"
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
                self._send(to, 4, 2, -1, 326, "Unable to connect as the client id is in use.")
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
            "0.01",
            multiplier,
            "MKT,LMT,STP",
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
            "26",
            "",
            "COMMON",
            *[size] * 3,
        )
        self._send(to, 52, 1, request)

    def _take_order(self, to: socket.socket, said: list[str]) -> None:
        order_id = said[1]
        contract = said[2:14]
        action, quantity, order_type, limit, stop, tif, _, account = said[16:24]
        reference = said[26]
        known = next((one for one in self.placed if one.order_id == order_id), None)
        if known is not None and known.order_type == "MKT":
            self.duplicates_refused += 1
            self._send(to, 4, 2, order_id, 103, "Duplicate order id")
            return
        if known is not None:
            known.changes += 1
            self._tell_status(to, order_id, "Submitted", "0", quantity)
            return
        self.placed.append(
            Placed(
                order_id,
                contract[1],
                contract[2],
                contract[3],
                contract[7],
                contract[9],
                action,
                quantity,
                order_type,
                limit,
                stop,
                tif,
                account,
                reference,
                time.time(),
            )
        )
        self._tell_status(to, order_id, "Submitted", "0", quantity)
        if order_type != "MKT":
            return
        if not self.is_taciturn:
            told = self._execution(order_id, contract, action, quantity, account, reference)
            self._executions.append(told)
            self._send(to, 11, -1, *told)
        self._tell_status(to, order_id, "Filled", quantity, "0")

    def _execution(
        self,
        order_id: str,
        contract: list[str],
        action: str,
        quantity: str,
        account: str,
        reference: str,
    ) -> tuple[object, ...]:
        return (
            order_id,
            *contract[:8],
            contract[9],
            contract[10],
            contract[11],
            f"e{order_id}.{len(self.placed)}.01",
            time.strftime("%Y%m%d %H:%M:%S US/Eastern"),
            account,
            contract[7],
            "BOT" if action == "BUY" else "SLD",
            quantity,
            "100.5",
            9000 + int(order_id),
            self._client_id,
            0,
            quantity,
            "100.5",
            reference,
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
            "100.5",
            9000 + int(order_id),
            0,
            "100.5",
            self._client_id,
            "",
            0,
        )

    def _send(self, to: socket.socket, *fields: object) -> None:
        body = "".join(f"{value}\0" for value in fields).encode()
        # Whoever went away is not told; what it sent is read to its end all the same.
        with contextlib.suppress(OSError):
            to.sendall(len(body).to_bytes(4, "big") + body)
