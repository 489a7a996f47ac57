"""Order ids of one client, and what the broker's nextValidId proves about them. Pure.

The counter is ours: `max(ledger, nextValidId)`. An id at or above nextValidId never reached the
broker, which issues it again. But after a restart it also issues ids again that it had acknowledged
and then lost: a nextValidId at or below one of those proves nothing (https://github.com/QuantConnect/Lean.Brokerages.InteractiveBrokers/issues/242).
"""


class OrderIds:
    """Counts the ids of `client_id`."""

    def __init__(self, client_id: int, last_used: int = 0, highest_acknowledged: int = 0) -> None:
        self.client_id = client_id
        self.next = last_used + 1
        self._acknowledged = highest_acknowledged
        self._told = 0

    def take(self) -> int:
        """Use up the next id."""
        self.next += 1
        return self.next - 1

    def connected(self, told: int) -> None:
        """Take in the nextValidId of a new connection."""
        self._told = told
        self.next = max(self.next, told)

    def acknowledge(self, client_id: int, order_id: int) -> None:
        """Take in that the broker knows, or knew, an order of this id."""
        if client_id == self.client_id:
            self._acknowledged = max(self._acknowledged, order_id)

    def was_never_seen(self, client_id: int, order_id: int) -> bool:
        """True where nextValidId proves that no order of this id ever reached the broker."""
        is_ours = client_id == self.client_id
        return is_ours and self._acknowledged < self._told <= order_id

    def is_free(self, order_id: int) -> bool:
        """True if an order that was never sent may keep this id."""
        return order_id >= self._told and order_id > self._acknowledged
