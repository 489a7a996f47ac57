"""The verdict "no": what is wrong with a request, and what the sender can do about it."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a request was not accepted. Returned, never raised.

    `status` is the HTTP status: 400 cannot be read, 401 token, 403 address, 405 method, 413 size,
    422 read but not an order that can be made, 429 rate, 503 please send again. `field` is the
    sender's field that the message is about; empty where it is about the whole. `retry_after_s` is
    what a Retry-After header tells, in whole seconds; 0: none.
    """

    status: int
    code: str
    message: str
    field: str = ""
    retry_after_s: int = 0

    def body(self) -> dict[str, Any]:
        """Return the answer's JSON."""
        return {"error": {"code": self.code, "message": self.message, "field": self.field}}


def unreadable(message: str, code: str = "unreadable", field: str = "") -> Refused:
    """Refuse a body that cannot be read."""
    return Refused(400, code, message, field)


def unfit(field: str, message: str, code: str = "invalid") -> Refused:
    """Refuse an alert that was read and is not an order that can be made."""
    return Refused(422, code, message, field)
