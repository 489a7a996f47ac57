"""The orders there are, found by id, contract, family or OCA group without a scan."""

from collections.abc import Iterator
from itertools import count

from simulator.contracts import Contract
from simulator.orders import Order

FIRST_PERMANENT_ID = 1_100_000_001


class OrderBook:
    def __init__(self) -> None:
        self.orders: list[Order] = []
        self._by_key: dict[tuple[int, int], Order] = {}
        self._live: dict[int, Order] = {}
        self._working: dict[int, dict[int, Order]] = {}
        self._contracts: dict[int, Contract] = {}
        self._children: dict[tuple[int, int], list[Order]] = {}
        self._groups: dict[str, list[Order]] = {}
        self._next_ids: dict[int, int] = {}
        self._sequence = count(1)
        # Never begun again, not by a reset either: a permId names one order for ever.
        self._permanent_ids = count(FIRST_PERMANENT_ID)

    def issue(self) -> tuple[int, int]:
        """Give the next order's place in the queue and its permId."""
        return next(self._sequence), next(self._permanent_ids)

    def add(self, order: Order) -> None:
        self.orders.append(order)
        self._by_key[order.key] = order
        self._live[order.permanent_id] = order
        if order.terms.parent_id:
            parent = (order.client_id, order.terms.parent_id)
            self._children.setdefault(parent, []).append(order)
        self.use_id(order.client_id, order.order_id)

    def find(self, client_id: int, order_id: int) -> Order | None:
        return self._by_key.get((client_id, order_id))

    def live(self) -> list[Order]:
        """Orders that are not done, oldest first."""
        return list(self._live.values())

    def children(self, order: Order) -> list[Order]:
        return self._children.get(order.key, [])

    def parent(self, order: Order) -> Order | None:
        if not order.terms.parent_id:
            return None
        return self._by_key.get((order.client_id, order.terms.parent_id))

    def join_group(self, order: Order, key: str) -> None:
        order.oca_key = key
        self._groups.setdefault(key, []).append(order)

    def siblings(self, order: Order) -> list[Order]:
        """Live orders that share the order's OCA group."""
        if not order.oca_key:
            return []
        group = self._groups.get(order.oca_key, [])
        return [one for one in group if one is not order and not one.is_done]

    def start_working(self, order: Order) -> None:
        con_id = order.contract.con_id
        self._contracts[con_id] = order.contract
        self._working.setdefault(con_id, {})[order.permanent_id] = order

    def stop_working(self, order: Order) -> None:
        """Take an order away from the market without ending it."""
        working = self._working.get(order.contract.con_id)
        if working is not None:
            working.pop(order.permanent_id, None)
            if not working:
                del self._working[order.contract.con_id]

    def finish(self, order: Order) -> None:
        self._live.pop(order.permanent_id, None)
        self.stop_working(order)

    def lose(self, order: Order) -> None:
        """Forget that a client ever used this order's id."""
        self.finish(order)
        if self._by_key.get(order.key) is order:
            del self._by_key[order.key]

    def working(self, con_id: int) -> list[Order]:
        return list(self._working.get(con_id, {}).values())

    def working_contracts(self) -> Iterator[Contract]:
        return (self._contracts[con_id] for con_id in self._working)

    def next_id(self, client_id: int) -> int:
        return self._next_ids.get(client_id, 1)

    def use_id(self, client_id: int, order_id: int) -> None:
        self._next_ids[client_id] = max(self.next_id(client_id), order_id + 1)

    def roll_back_ids(self) -> None:
        """Hand out again the ids of orders that were lost, as a restarted gateway does."""
        self._next_ids.clear()
        for client_id, order_id in self._by_key:
            self.use_id(client_id, order_id)

    def clear(self) -> None:
        self.orders.clear()
        self._next_ids.clear()
        for index in (self._by_key, self._live, self._working):
            index.clear()
        for groups in (self._children, self._groups):
            groups.clear()
