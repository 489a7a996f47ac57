"""One client's connection: handshake, requests in, messages out."""

import asyncio
import contextlib
import socket
import struct
from datetime import datetime
from typing import TYPE_CHECKING

import structlog

from simulator import inbound, outbound, versions
from simulator.answers import answer
from simulator.fields import FieldError
from simulator.framing import FrameError, FrameReader, split_fields
from simulator.handshake import hello_reply, parse_hello, parse_start_api
from simulator.inbound_order import PlaceOrder
from simulator.outbound_order import EASTERN
from simulator.pacing import VIOLATIONS_UNTIL_CLOSED
from simulator.subscriptions import Subscriptions

if TYPE_CHECKING:
    from simulator.tws import Tws

log = structlog.get_logger("simulator")

# TWS API: what a connected client hears first; the codes mean that all is well.
_FARMS = (
    (2104, "Market data farm connection is OK:usfarm"),
    (2106, "HMDS data farm connection is OK:ushmds"),
    (2158, "Sec-def data farm connection is OK:secdefil"),
)


# How long a client may take to close its half after the goodbye.
_PATIENCE_S = 1.0
_MAX_UNREAD_BYTES = 64_000_000


class Session(Subscriptions, asyncio.Protocol):
    def __init__(self, tws: "Tws") -> None:
        super().__init__(tws)
        self.client_id = -1
        self._version = 0
        self._is_ready = False
        # Cut: nothing is read or sent any more. Shut: the goodbye is said.
        self._is_cut = False
        self._is_shut = False
        self._violations = 0
        self._reader = FrameReader()
        self._outgoing: list[bytes] = []
        self._waiting: list[tuple[list[str], float]] = []
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def version(self) -> int:
        return self._version

    # Connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - narrows for mypy.
        self._transport = transport
        connection = transport.get_extra_info("socket")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.tws.sessions.add(self)
        if self.tws.faults.is_refusing_sessions:
            self.close("fin")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's name.
        self.tws.sessions.discard(self)
        if self.tws.reports.sessions.get(self.client_id) is self:
            del self.tws.reports.sessions[self.client_id]
            log.info("client_disconnected", client_id=self.client_id)
        self._is_cut = True

    def close(self, how: str = "fin") -> None:
        """End the connection: `fin` says goodbye, `rst` resets it.

        Only the sending half is shut at first: closing a socket with unread bytes in it would
        reset it, and the client would lose what it was told last.
        """
        self._is_cut = True
        # The id is free at once: a client that comes back must not wait for the loop.
        if self.tws.reports.sessions.get(self.client_id) is self:
            del self.tws.reports.sessions[self.client_id]
        transport = self._transport
        if transport is None or transport.is_closing() or self._is_shut:
            return
        self._is_shut = True
        if how == "rst":
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            transport.abort()
            return
        self._flush()
        # The client may have reset the connection a moment ago.
        with contextlib.suppress(OSError):
            transport.write_eof()
        self._loop.call_later(_PATIENCE_S, transport.close)

    def abandon(self) -> None:
        """Close without waiting for the client, because the server ends."""
        self.close("fin")
        if self._transport is not None:
            self._transport.close()

    # Out

    def send(self, message: bytes) -> bool:
        """Queue a message; False when a fault swallows it."""
        if self._is_cut or self.tws.faults.is_muted(self.client_id):
            return False
        if not self._outgoing:
            # What answers a request leaves with it; this is for what comes unasked.
            self._loop.call_soon(self._flush)
        self._outgoing.append(message)
        return True

    def send_error(self, request_id: int, code: int, text: str) -> None:
        self.send(outbound.error(request_id, code, text, self._version))

    def _flush(self) -> None:
        transport = self._transport
        if self._outgoing and transport is not None and not transport.is_closing():
            transport.write(b"".join(self._outgoing))
            if transport.get_write_buffer_size() > _MAX_UNREAD_BYTES:
                log.warning("client_does_not_read", client_id=self.client_id)
                self._outgoing.clear()
                self.close("rst")
        self._outgoing.clear()

    # In

    def data_received(self, data: bytes) -> None:
        try:
            for payload in self._reader.feed(data):
                if self._is_cut:
                    return
                self._on_payload(payload)
            self._flush()
        except FrameError as error:
            log.warning("connection_refused", reason=str(error))
            self.close("fin")

    def _on_payload(self, payload: bytes) -> None:
        if not self._version:
            self._greet(payload)
            return
        received_at = self.tws.clock()
        fields = split_fields(payload)
        if not self._is_ready:
            self._start(fields)
        elif self.tws.faults.mute == "hang" and self.tws.faults.is_muted(self.client_id):
            self._count(fields)
            self._waiting.append((fields, received_at))
        else:
            self._count(fields)
            self.handle(fields, received_at)

    def _count(self, fields: list[str]) -> None:
        if fields and fields[0] == str(inbound.PLACE_ORDER):
            self.tws.frames += 1

    def wake(self) -> None:
        """Work off what arrived while the TWS hung."""
        waiting, self._waiting = self._waiting, []
        for fields, received_at in waiting:
            self.handle(fields, received_at)

    def _greet(self, payload: bytes) -> None:
        hello = parse_hello(payload)
        version = versions.agree(self.tws.options.server_version, hello.oldest, hello.newest)
        if version is None:
            raise FrameError(f"no common version in {hello.oldest}..{hello.newest}")
        self._version = version
        now = datetime.fromtimestamp(self.tws.clock(), EASTERN)
        # Written at once: the official client drops what follows in the same segment.
        if self._transport is not None and not self.tws.faults.is_muted(-1):
            self._transport.write(hello_reply(version, now))

    def _start(self, fields: list[str]) -> None:
        """TWS API: requests before startApi are ignored."""
        start = parse_start_api(fields)
        if start is None:
            return
        taken = start.client_id in self.tws.reports.sessions
        if taken or start.client_id in self.tws.faults.taken_client_ids:
            text = (
                "Unable to connect as the client id is already in use. "
                "Retry with a unique client id."
            )
            self.send_error(-1, 326, text)
            self.close("fin")
            return
        self.client_id = start.client_id
        self._is_ready = True
        self.tws.reports.sessions[self.client_id] = self
        log.info("client_connected", client_id=self.client_id, version=self._version)
        self.send(outbound.managed_accounts(self.tws.accounts))
        self.send(outbound.next_valid_id(self.tws.book.next_id(self.client_id)))
        for code, text in _FARMS:
            self.send_error(-1, code, text)

    def handle(self, fields: list[str], received_at: float) -> None:
        """Answer one request, whatever state of disrepair it is in."""
        if not self._is_paced(received_at):
            return
        try:
            request = inbound.decode(fields, self._version)
        except FieldError as error:
            request_id = int(fields[1]) if len(fields) > 1 and fields[1].isdigit() else -1
            self.send_error(request_id, 320, f"Error reading request: {error}")
            return
        if isinstance(request, PlaceOrder) and self.tws.faults.drops:
            when, how = self.tws.faults.drops.popleft()
            # The answers are lost with the connection, whether or not the order lives.
            self._is_cut = True
            if when == "after":
                self.tws.intake.place(self.client_id, request, received_at)
            self.close(how)
            return
        try:
            answer(self.tws, self, request, received_at)
        except Exception:
            # One request must not end everyone's market; the client is told, the log has it all.
            log.exception("request_failed", client_id=self.client_id, fields=fields[:20])
            self.send_error(-1, 320, "Error processing request in the simulator")

    def _is_paced(self, now: float) -> bool:
        limit = self.tws.faults.pacing_limit
        if not limit or self.tws.pacing.admits(now, limit):
            return True
        self._violations += 1
        text = (
            f"Max rate of messages per second has been exceeded:max={limit} rec={limit + 1} "
            f"({self._violations})"
        )
        self.send_error(-1, 100, text)
        if self._violations >= VIOLATIONS_UNTIL_CLOSED:
            self.close("fin")
        return False
