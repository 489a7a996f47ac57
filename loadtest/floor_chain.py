"""The floor of the whole way: floor/chain.c, four processes, the same hops."""

import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Self

from alertwire.ports import free_ports
from loadtest import samples, toolchain
from loadtest.children import Children
from loadtest.sender import NUMBER, request

_SETTLE_S: Final = 0.3
_POLL_S: Final = 0.05


class FloorChain:
    """The running C chain. With `syncs` 2 its back end syncs as well, as the gateway's ledger."""

    def __init__(self, folder: Path, syncs: int = 1) -> None:
        self._program = toolchain.build(toolchain.CHAIN, folder)
        self._children = Children(folder)
        self.port, self._alerts, self._commands, self._broker = free_ports(4)
        self._arrivals = folder / "floor.arrivals"
        self._log = folder / "floor.log.bin"
        self._ledger = str(folder / "floor.ledger.bin") if syncs > 1 else "-"

    def __enter__(self) -> Self:
        alerts, commands = f"tcp://127.0.0.1:{self._alerts}", f"tcp://127.0.0.1:{self._commands}"
        broker = str(self._broker)
        roles = (
            ("sink", broker, str(self._arrivals)),
            ("back", commands, self._ledger, broker),
            ("middle", alerts, commands),
            ("front", str(self.port), str(self._log), alerts),
        )
        try:
            for role in roles:
                self._children.start(f"floor-{role[0]}", [str(self._program), *role])
                time.sleep(_SETTLE_S)  # Each connects to the one before it.
                self._children.check()
        except BaseException:
            self._children.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._children.stop()

    def requests(self, name: str, symbols: int) -> list[bytes]:
        """Write alerts of the same size as the subject's."""
        path = f"/webhook/{'x' * 32}"
        return [
            request(self.port, path, samples.body(number, f"{name}-{NUMBER}"))
            for number in range(symbols)
        ]

    def arrivals(self, ids: set[str], timeout_s: float) -> dict[str, int]:
        """Wait for these orders at the sink; return when each came, by alert id."""
        give_up_s = time.monotonic() + timeout_s
        while True:
            text = ""
            with suppress(FileNotFoundError):
                text = self._arrivals.read_text(encoding="ascii")
            lines = text[: text.rfind("\n") + 1].splitlines()
            arrived = {alert_id: int(at_ns) for alert_id, at_ns in map(str.split, lines)}
            if ids <= arrived.keys() or time.monotonic() > give_up_s:
                return arrived
            self._children.check()
            time.sleep(_POLL_S)
