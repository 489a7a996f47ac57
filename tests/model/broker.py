"""The broker: reads placements in their order, early or late, and keeps a book; sometimes people
reset its ids. Rejections, fills and orders of others are left out."""

from typing import Final

from tests.model.state import ACCEPTED, Model, State, Step

LOST: Final = "what the old connection still held is lost"
RESET: Final = "somebody resets the broker's order ids"


def steps(m: Model, s: State, found: list[Step]) -> None:
    """Add all that the broker may do in a state, and the ledger's pruning."""
    wire, late = m.queue(s, m.wire), m.queue(s, m.late)
    if wire:
        draft = bytearray(s)
        m.write_queue(draft, m.wire, wire[1:])
        _execute(m, draft, wire[0])
        found.append(Step("the broker takes the order", wire[0] & 15, bytes(draft)))
    # One connection keeps its order and loses its tail; several keep nothing.
    for place, entry in enumerate(late[:1] if m.world.frees_id_late else late):
        rest = late[:place] + late[place + 1 :]
        draft = bytearray(s)
        m.write_queue(draft, m.late, rest)
        if m.world.frees_id_late:
            lost = bytearray(s)
            m.write_queue(lost, m.late, [])
        else:
            lost = draft.copy()
        found.append(Step(LOST, -1, bytes(lost)))
        _execute(m, draft, entry)
        found.append(Step("the broker takes the order, late", entry & 15, bytes(draft)))
    if m.world.ids_may_be_reset and s[m.next_id] > 1:
        draft = bytearray(s)
        draft[m.next_id] = 1
        found.append(Step(RESET, -1, bytes(draft)))
    if m.world.rows_are_pruned:
        for i in m.alerts:
            if s[m.journal + i] >= ACCEPTED <= s[m.ledger + i]:
                draft = bytearray(s)
                draft[m.ledger + i] = 0
                found.append(Step("the ledger's old row is pruned", i, bytes(draft)))


def _execute(m: Model, draft: bytearray, entry: int) -> None:
    book = m.queue(draft, m.book)
    if m.world.refuses_used_ids and any(order >> 4 == entry >> 4 for order in book):
        return
    m.write_queue(draft, m.book, [*book, entry])
    draft[m.next_id] = max(draft[m.next_id], (entry >> 4) + 1)
