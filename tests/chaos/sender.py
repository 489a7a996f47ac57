"""Alerts at a steady rate over many keys, sent as TradingView sends: again on 5xx and no answer.

It sends up to three times more, the same bytes (https://www.tradingview.com/support/solutions/43000529348/).
"""

import http.client
import json
import random
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from tests.end_to_end.installation import TOKEN

SYMBOLS = (
    "AAPL",
    "MSFT",
    "IBM",
    "NVDA",
    "TSLA",
    "AMZN",
    "META",
    "ORCL",
    "INTC",
    "CSCO",
    "KO",
    "PEP",
    "JPM",
    "BAC",
    "WMT",
    "DIS",
)
STRATEGIES = 6
RESENDS_MAX = 3
RESEND_PAUSE_S = (0.3, 1.2)
ANSWER_TIMEOUT_S = 3.0
"""As TradingView waits."""
THREADS = 24
BRACKET_SHARE = 0.1
"""Entries that come with a take profit and a stop."""
REPOSTED_SHARE = 0.05
"""Alerts that come once more although they were answered 200."""


@dataclass(slots=True)
class Sent:
    """One alert of ours and what the webhook said to it, each time."""

    sender_id: str
    body: dict[str, Any]
    statuses: list[int] = field(default_factory=list)
    alert_ids: set[str] = field(default_factory=set)
    refusals: list[str] = field(default_factory=list)


class Sender:
    """Posts in threads of its own until it is stopped. `retire` a key that waits for a person."""

    def __init__(
        self, port: int, rate_per_s: float, seed: int, *, only_market: bool = False
    ) -> None:
        self._port, self._pause_s = port, 1 / rate_per_s
        self._chance = random.Random(seed)
        self._only_market = only_market
        self._keys = [(f"s{n}", symbol) for n in range(STRATEGIES) for symbol in SYMBOLS]
        self._generation = 0
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="sender")
        self._thread = threading.Thread(target=self._run, name="sender", daemon=True)
        self.sent: list[Sent] = []
        self.slowness = 1.0
        """Divides the rate."""

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Stop, when the last post has its answer or was given up."""
        self._stop.set()
        self._thread.join()
        self._pool.shutdown(wait=True)

    def retire(self, strategy: str, symbol: str) -> None:
        """Send no more under this key: it is halted. Another strategy takes its place."""
        key = (strategy, symbol)
        if key in self._keys:
            self._generation += 1
            self._keys[self._keys.index(key)] = (f"g{self._generation}", symbol)

    def _run(self) -> None:
        due_s = time.monotonic()
        while not self._stop.is_set():
            one = self._next()
            self.sent.append(one)
            self._pool.submit(self._deliver, one, self._chance.random() < REPOSTED_SHARE)
            due_s = max(due_s + self._pause_s * self.slowness, time.monotonic() - 1)
            self._stop.wait(max(0.0, due_s - time.monotonic()))

    def _next(self) -> Sent:
        chance = self._chance
        strategy, symbol = chance.choice(self._keys)
        sender_id = f"n{len(self.sent)}"
        body: dict[str, Any] = {"strategy": strategy, "symbol": symbol, "id": sender_id}
        roll = chance.random()
        if roll < 0.7 or self._only_market:
            body |= {"action": chance.choice(("buy", "sell")), "quantity": chance.randint(1, 5)}
            if chance.random() < BRACKET_SHARE and not self._only_market:
                # Far from any price: it works until what it protects is closed.
                body |= {"stop_loss": {"percent": 50}, "take_profit": {"percent": 90}}
        elif roll < 0.8:
            body |= {"action": "target", "quantity": chance.randint(-5, 5)}
        elif roll < 0.9:
            # Far from any price: it rests until a cancel, if one comes.
            body |= {"action": "buy", "quantity": 1, "order_type": "limit", "limit_price": 1}
        elif roll < 0.95:
            body |= {"action": "exit"}
        else:
            body |= {"action": "cancel"}
        return Sent(sender_id, body)

    def _deliver(self, one: Sent, is_reposted: bool) -> None:
        if self._try(one) and is_reposted:
            self._try(one)

    def _try(self, one: Sent) -> bool:
        """Post, and post again where the sender should; return whether it was answered 200."""
        raw = json.dumps(one.body).encode()
        for attempt in range(1 + RESENDS_MAX):
            if attempt:
                time.sleep(random.uniform(*RESEND_PAUSE_S))
            status, answer = self._post(raw)
            one.statuses.append(status)
            if status == 200:
                one.alert_ids.add(answer["alert_id"])
                return True
            if status and status < 500:
                one.refusals.append(json.dumps(answer))
                return False
        return False

    def _post(self, raw: bytes) -> tuple[int, dict[str, Any]]:
        """Return status and answer; status 0 where there was none."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=ANSWER_TIMEOUT_S)
        try:
            connection.request("POST", f"/webhook/{TOKEN}", raw, {"Connection": "close"})
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        except (OSError, http.client.HTTPException, ValueError):
            return 0, {}
        finally:
            connection.close()
