"""What the door says no with, in words that tell the sender what to do."""

from typing import Final

from alertwire.configuration import Route
from producer.capacity import RESEND_AFTER_S
from producer.refusal import Refused, unfit

BODY_SIZE_MAX: Final = 64 * 1024
TOO_LARGE: Final = Refused(413, "too_large", f"the body is over {BODY_SIZE_MAX} bytes")
CUT_SHORT: Final = Refused(400, "cut_short", "the connection ended before the body did")
NOT_KEPT: Final = Refused(
    503,
    "journal",
    "the journal cannot be written: nothing was kept, please send it again",
    retry_after_s=RESEND_AFTER_S,
)
TOO_LATE: Final = unfit(
    "time",
    "it fired before the last accepted alert of its strategy and instrument, and the route refuses "
    "late ones: nothing was ordered",
    "late",
)
A_BUG: Final = Refused(500, "bug", "this is a bug; the producer's log has the details")


def id_taken(sender_id: str, alert_id: str) -> Refused:
    return unfit(
        "id",
        f"another alert has had the id {sender_id!r} within 24 hours, {alert_id}, and says "
        f"something else: nothing was ordered; give every alert an id of its own, or none",
        "id_taken",
    )


def elsewhere(letter_id: str, account: str) -> Refused:
    return unfit(
        "account", f"{letter_id} was for account {account}, and this message is not: send it anew"
    )


def too_many(route: Route, wait_s: int) -> Refused:
    return Refused(
        429,
        "rate",
        f"this route takes {route.alerts_per_minute_max} requests a minute "
        f"(alerts_per_minute_max): nothing was kept, come again in {wait_s} s",
        retry_after_s=wait_s,
    )
