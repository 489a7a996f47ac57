"""What every dialect takes and gives: a document and its route in, a draft or a refusal out.

A dialect only translates: its own names and verbs into those of the native alert. What the values
must be, which contradict each other and what Alertwire can carry out is asked once for all of them,
in `assembly`.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol

from alertwire.configuration import Route
from alertwire.wire.alert import Alert, Instrument
from producer.dialects.document import Document
from producer.refusal import Refused


@dataclass(frozen=True, slots=True)
class Context:
    """Where and when a body came in, and the id that its alert would get."""

    route_name: str
    route: Route
    alert_id: str
    now: datetime


@dataclass(frozen=True, slots=True)
class Reading:
    """An alert as it was read.

    `max_age_s` is the sender's own; `identity` is what an equal alert of the same route shares:
    its sender's id, or the content without the fire time. `content` stands for that content.
    """

    alert: Alert
    max_age_s: float | None
    identity: str
    content: str


@dataclass(slots=True, kw_only=True)
class Draft:
    """A body in the native alert's names.

    `called` gives the sender's own name of a native one, for refusals; `informational` is what the
    dialect knows to ask for nothing, `extras` what it does not know; `content` is what two equal
    alerts share, but for the fire time.
    """

    dialect: str
    values: dict[str, Any]
    called: dict[str, str] = field(default_factory=dict)
    extras: dict[str, Any] = field(default_factory=dict)
    informational: dict[str, Any] = field(default_factory=dict)
    repairs: list[str] = field(default_factory=list)
    content: dict[str, Any]
    instrument: Instrument | None = None
    is_brokers_ticker: bool = False
    """Whether a bare symbol may be more than what `{{ticker}}` makes: a futures root, say."""
    fallback: Decimal | None = None
    """The size of an entry that gives none, beside the route's."""


class Dialect(Protocol):
    """One way in which traders write alerts."""

    NAME: str

    def recognises(self, document: Document) -> bool:
        """Whether a body has this dialect's shape. Never raises."""
        ...

    def translate(self, document: Document, context: Context) -> Draft | Refused:
        """Translate a body that has, or is said to have, this shape."""
        ...
