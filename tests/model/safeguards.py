"""What the protocol does so that nothing is lost or doubled, each part removable."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Safeguards:
    """All on is the protocol. Turning one off must be noticed, or be named as a second layer."""

    commits_before_200: bool = True
    """The door answers 200 only after its commit."""
    finds_twins: bool = True
    """The door answers the same alert again with the first one's id."""
    writes_ahead: bool = True
    """INFLIGHT is on disk before the first delivery leaves."""
    leaves_unsent_alive: bool = True
    """The dispatcher does not expire what it never sent: that too is the gateway's to decide."""
    leaves_expiry: bool = True
    """The dispatcher never expires what it has sent."""
    leaves_giving_up: bool = True
    """The dispatcher gives up on an alert only by asking the gateway to void it."""
    waits_for_decision: bool = True
    """RECEIVED closes no row, DECIDED does."""
    flies_one_per_key: bool = True
    """Only the head of a key is sent."""
    takes_in_by_number: bool = True
    """What doubted commits kept is taken in by the numbers of its key, before anything is sent."""
    parks_unknown: bool = True
    """UNKNOWN halts its key."""
    keeps_ledger: bool = True
    """Commands and fences are on disk."""
    writes_intent: bool = True
    """A command is in the ledger before its order is sent."""
    opens_one_per_key: bool = True
    """The gateway sends back what comes while another command of its key is open."""
    fences_order: bool = True
    """A command whose number lies below its key's fence is voided."""
    fences_voids: bool = True
    """A voided number lets nothing through any more."""
    looks_again: bool = True
    """A command that waited is held against its fence again when its turn comes."""
    waits_to_void: bool = True
    """A VOID for an open INTENT is answered only when that is decided."""
    waits_for_broker: bool = True
    """ACCEPTED only after the broker said that it has the order."""
    knows_refusals: bool = True
    """REJECTED only after an error that is known to be a refusal."""
    reads_lists: bool = True
    """At a connection the broker's lists are read before anything is placed again."""
    reads_next_id: bool = True
    """Placed again only where nextValidId is not above the order's id: the broker never saw it."""
    notices_reset: bool = True
    """A nextValidId at or below an acknowledged id proves nothing: the ids were reset."""
    keeps_order_id: bool = True
    """What is placed again keeps its order id."""
    doubts_absence: bool = True
    """What the broker does not list is UNKNOWN, not VOIDED."""
    doubts_age: bool = True
    """What the broker may have seen is UNKNOWN, not EXPIRED, however old it is."""

    remembers_bytes: bool = True
    """What was placed again is never taken for something that never left."""


ALL = Safeguards()
