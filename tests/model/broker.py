"""The broker: reads placements in their order, early or late, takes or refuses them, keeps a book.

Sometimes a person resets its order ids. Fills, and orders of others, are left out.
"""

from typing import Final

from tests.model.state import ACCEPTED, FIRST_ID, Model, State, Step

LOST: Final = "what the old connection still held is lost"
RESET: Final = "somebody resets the broker's order ids"


def steps(m: Model, s: State, found: list[Step]) -> None:
    """Add all that the broker may do in a state, and the ledger's pruning."""
    wire, late = m.queue(s, m.wire), m.queue(s, m.late)
    if wire:
        _read(m, s, m.wire, wire[1:], wire[0], found)
    # One connection keeps its order and loses its tail; several keep nothing.
    for place, entry in enumerate(late[:1] if m.world.frees_id_late else late):
        rest = late[:place] + late[place + 1 :]
        _read(m, s, m.late, rest, entry, found)
        draft = bytearray(s)
        m.write_queue(draft, m.late, [] if m.world.frees_id_late else rest)
        found.append(Step(LOST, -1, bytes(draft)))
    if m.world.ids_may_be_reset and s[m.next_id] > 1:
        draft = bytearray(s)
        draft[m.next_id] = 1
        found.append(Step(RESET, -1, bytes(draft)))
    if m.world.rows_are_pruned:
        for c in m.commands:
            if s[m.journal + m.alert_of[c]] >= ACCEPTED <= s[m.ledger + c]:
                draft = bytearray(s)
                draft[m.ledger + c] = 0
                found.append(Step("the ledger's old row is pruned", m.alert_of[c], bytes(draft)))


def _read(m: Model, s: State, place: int, rest: list[int], entry: int, found: list[Step]) -> None:
    """Read one placement off the wire, or off what came late."""
    order_id, alert, book = entry >> 4, m.alert_of[entry & 15], m.queue(s, m.book)
    when = "" if place == m.wire else ", late"
    id_bit = 1 << (order_id - FIRST_ID)
    draft = bytearray(s)
    m.write_queue(draft, place, rest)
    if m.world.refuses_used_ids and (
        s[m.spent] & id_bit or any(order >> 4 == order_id for order in book)
    ):
        found.append(Step(f"the broker ignores a used order id{when}", alert, bytes(draft)))
        return
    draft[m.next_id] = max(draft[m.next_id], order_id + 1)
    if m.world.broker_may_refuse:
        refused = draft.copy()
        if place == m.wire:
            refused[m.refused] |= 1 << (entry & 15)
        if m.world.refuses_used_ids:
            refused[m.spent] |= id_bit
        found.append(Step(f"the broker refuses the order{when}", alert, bytes(refused)))
    m.write_queue(draft, m.book, [*book, entry])
    found.append(Step(f"the broker takes the order{when}", alert, bytes(draft)))
