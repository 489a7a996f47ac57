"""What is set to go wrong. The exchange, the reports and the sessions ask; the verbs set."""

from collections import deque
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(frozen=True, slots=True)
class Note:
    code: int
    text: str


@dataclass(slots=True)
class Faults:
    """Queues are used up by the next orders; the rest holds until `clear_faults`."""

    # Sessions
    drops: deque[tuple[str, str]] = field(default_factory=deque)
    mute: str = ""
    muted_clients: frozenset[int] = frozenset()
    taken_client_ids: frozenset[int] = frozenset()
    is_refusing_sessions: bool = False
    is_read_only: bool = False
    pacing_limit: int = 0
    market_data: str = "live"
    market_data_code: int = 0
    # Orders
    rejections: deque[Note] = field(default_factory=deque)
    notes_on_accept: deque[Note] = field(default_factory=deque)
    is_holding: bool = False
    held_symbols: frozenset[str] = frozenset()
    partial_parts: int = 1
    partial_delay_s: float = 0.0
    fill_delay_s: float = 0.0
    fill_after_cancel_s: float | None = None
    # Reports
    status_delay_s: float = 0.0
    duplicate_statuses: int = 0
    is_execution_first: bool = False
    silent_fills: int = 0
    commission_delay_s: float = 0.0
    # The line between TWS and IB
    is_link_lost: bool = False

    def is_held(self, symbol: str) -> bool:
        return self.is_link_lost or self.is_holding or symbol in self.held_symbols

    def is_muted(self, client_id: int) -> bool:
        return bool(self.mute) and (not self.muted_clients or client_id in self.muted_clients)

    def take_silent_fill(self) -> bool:
        """True while fills stay without their Filled status; -1 means all of them."""
        if self.silent_fills > 0:
            self.silent_fills -= 1
            return True
        return self.silent_fills < 0

    def clear(self) -> None:
        """Let everything go right again, in place: many hold on to this object."""
        usual = Faults()
        for one in fields(self):
            setattr(self, one.name, getattr(usual, one.name))

    def as_json(self) -> dict[str, Any]:
        """Give everything that differs from a simulator without faults."""
        usual = Faults()
        return {
            one.name: _plain(getattr(self, one.name))
            for one in fields(self)
            if getattr(self, one.name) != getattr(usual, one.name)
        }


def _plain(value: Any) -> Any:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, deque):
        return [_plain(item) for item in value]
    if isinstance(value, Note):
        return {"code": value.code, "text": value.text}
    return value
