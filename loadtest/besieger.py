"""Bad neighbours of the webhook: slow senders and a flood. python -m loadtest.besieger.

Slow senders open connections and send their requests a byte at a time, for ever; the flood posts
wrong tokens as fast as it is answered. Each from a loopback address of its own, until SIGTERM.
"""

import argparse
import asyncio
import resource
import sys
from contextlib import suppress
from typing import Final

SLOW_ADDRESS: Final = "127.0.0.2"
FLOOD_ADDRESS: Final = "127.0.0.3"
_DRIP_S: Final = 1.0
_REOPEN_S: Final = 0.2
_OPENING_AT_ONCE: Final = 200
_HEAD: Final = b"POST /webhook/x HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\nX: " + b"y" * 4000
_FLOOD: Final = (
    b"POST /webhook/wrong HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
)


async def drip(port: int, opening: asyncio.Semaphore, counts: dict[str, int]) -> None:
    """Hold one connection open with as little as possible; open it again when it is closed."""
    while True:
        with suppress(OSError):
            async with opening:
                reader, writer = await asyncio.open_connection(
                    "127.0.0.1", port, local_addr=(SLOW_ADDRESS, 0)
                )
            counts["open"] += 1
            try:
                for byte in _HEAD:
                    writer.write(bytes([byte]))
                    await writer.drain()
                    with suppress(TimeoutError):
                        if not await asyncio.wait_for(reader.read(1), _DRIP_S):
                            break
            finally:
                counts["open"] -= 1
                counts["closed"] += 1
                writer.close()
        await asyncio.sleep(_REOPEN_S)


async def flood(port: int, counts: dict[str, int]) -> None:
    """Post wrong tokens, one after the other."""
    while True:
        with suppress(OSError):
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", port, local_addr=(FLOOD_ADDRESS, 0)
            )
            writer.write(_FLOOD)
            answer = await reader.read(64)
            counts[answer[9:12].decode() or "none"] = counts.get(answer[9:12].decode(), 0) + 1
            writer.close()


async def besiege(port: int, connections: int, flooders: int) -> None:
    """Besiege a webhook and print what is held every second."""
    counts = {"open": 0, "closed": 0}
    opening = asyncio.Semaphore(_OPENING_AT_ONCE)
    tasks = [asyncio.create_task(drip(port, opening, counts)) for _ in range(connections)]
    tasks += [asyncio.create_task(flood(port, counts)) for _ in range(flooders)]
    while True:
        await asyncio.sleep(1)
        print(" ".join(f"{name}={number}" for name, number in counts.items()), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(prog="loadtest.besieger", description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("--connections", type=int, default=5000)
    parser.add_argument("--flooders", type=int, default=8)
    given = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with suppress(KeyboardInterrupt):
        asyncio.run(besiege(given.port, given.connections, given.flooders))
    return 0


if __name__ == "__main__":
    sys.exit(main())
