"""Lost and doubled: the alerts that were accepted against the orders that the broker got."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

ALERT_ID_LENGTH: Final = 26
"""An orderRef begins with the alert's id, a ULID."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one subject. All but the first three should be 0."""

    sent: int
    accepted: int
    arrived: int
    refused: int
    lost: int
    doubled: int
    unasked: int


def tally(
    statuses: Iterable[int], accepted_ids: Iterable[str], order_refs: Iterable[str], frames: int
) -> Tally:
    """Compare both ends, one order expected per accepted alert.

    `order_refs` are the orders in the broker's book, `frames` the placeOrder frames that it read
    for them: a second frame is a double even where the broker saw through it.
    """
    answers = list(statuses)
    accepted = Counter(accepted_ids)
    refs = list(order_refs)
    arrived = Counter(ref[:ALERT_ID_LENGTH] for ref in refs)
    # An id given to two alerts is one alert too few, as its duplicate was accepted too.
    lost = sum(max(number - arrived[alert_id], 0) for alert_id, number in accepted.items())
    orders_doubled = sum(max(arrived[alert_id] - 1, 0) for alert_id in accepted)
    unasked = sum(number for alert_id, number in arrived.items() if alert_id not in accepted)
    return Tally(
        sent=len(answers),
        accepted=accepted.total(),
        arrived=arrived.total() - unasked,
        refused=len(answers) - accepted.total(),
        lost=lost,
        doubled=orders_doubled + max(frames - len(refs), 0),
        unasked=unasked,
    )
