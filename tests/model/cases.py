"""What is explored: sizes, safeguards whose removal must be noticed, and second layers."""

from dataclasses import dataclass, replace
from typing import Final

from tests.model.explorer import Progress, Result, explore
from tests.model.invariants import INVARIANTS
from tests.model.safeguards import Safeguards
from tests.model.state import Model, World

HOLDS: Final = "holds"


@dataclass(frozen=True)
class Case:
    """A world and what must come of it: `HOLDS`, or the invariant that must break."""

    name: str
    world: World
    expected: str = HOLDS

    def explore(self, *, states_max: int = 50_000_000, progress: Progress | None = None) -> Result:
        watched = set(INVARIANTS) if self.expected == HOLDS else {self.expected}
        return explore(Model(self.world), watched=watched, states_max=states_max, progress=progress)


ONE: Final = World(keys=(0,))
PAIR: Final = World(keys=(0, 0))
TWO_KEYS: Final = World(keys=(0, 1))
CALM: Final = {
    "alerts_may_be_voided": False,
    "executors_may_differ": False,
    "commits_may_be_doubtful": False,
}
"""Nothing is voided and the door knows its commits: fewer states, where they are not the point."""
BY_ID: Final = {"frees_id_late": False, "refuses_used_ids": True}
"""Bytes of an old connection may come at any time, but an order id is carried out once."""

SMALL: Final = (
    Case("one alert", ONE),
    Case("one alert; the broker only refuses used ids", replace(ONE, **BY_ID)),
    Case("one alert, posted twice", replace(PAIR, contents=(0, 0))),
    Case("two of a key, nothing voided, no doubt", replace(PAIR, **CALM)),
    Case("two of a key", PAIR),
)
"""In `make test`."""
LARGE: Final = (
    Case(
        "two of a key; the broker only refuses used ids; no doubt",
        replace(PAIR, **BY_ID, commits_may_be_doubtful=False),
    ),
    Case("two keys", TWO_KEYS),
    Case("three of a key, nothing voided, no doubt", World(keys=(0, 0, 0), **CALM)),
)
"""In `make model`, besides the small ones."""


def _without(name: str, expected: str, world: World, *removed: str) -> Case:
    guards = Safeguards(**dict.fromkeys(removed, False))
    return Case(name, replace(world, safeguards=guards), expected)


_CALM_ONE, _CALM_PAIR = replace(ONE, **CALM), replace(PAIR, **CALM)
_LISTED = replace(ONE, lists_may_lack=False)
_PRUNED = replace(ONE, rows_are_pruned=True)

MUTANTS: Final = (
    _without("200 before the commit", "LOST", ONE, "commits_before_200"),
    _without(
        "no de-duplication at the door",
        "DUPLICATE",
        replace(_CALM_PAIR, contents=(0, 0)),
        "finds_twins",
    ),
    _without("RECEIVED closes the alert", "LOST", ONE, "waits_for_decision"),
    _without("the dispatcher expires what it sent", "UNTRUE", ONE, "leaves_expiry"),
    _without("the dispatcher gives up by itself", "UNTRUE", ONE, "leaves_giving_up"),
    _without(
        "sent before INFLIGHT, and the dispatcher expires what it takes for unsent",
        "UNTRUE",
        ONE,
        "writes_ahead",
        "leaves_unsent_alive",
    ),
    _without(
        "many of a key in flight; the gateway has no serial rule and does not look again",
        "ORDER",
        _CALM_PAIR,
        "flies_one_per_key",
        "opens_one_per_key",
        "looks_again",
    ),
    _without(
        "many of a key in flight; no fence, only the serial rule",
        "ORDER",
        _CALM_PAIR,
        "flies_one_per_key",
        "fences_order",
    ),
    _without(
        "UNKNOWN ends the alert, its key goes on",
        "ORDER",
        replace(_CALM_PAIR, **BY_ID),
        "parks_unknown",
    ),
    _without("the ledger is only in memory", "DUPLICATE", ONE, "keeps_ledger"),
    _without("placed, then written down", "DUPLICATE", ONE, "writes_intent"),
    _without("ACCEPTED when the order is sent", "UNTRUE", ONE, "waits_for_broker"),
    _without("the fence forgets earlier numbers", "UNTRUE", PAIR, "fences_order"),
    _without("the fence forgets a void", "UNTRUE", ONE, "fences_voids"),
    _without("an open INTENT is answered VOIDED", "UNTRUE", ONE, "waits_to_void"),
    _without("placed again whatever nextValidId says", "DUPLICATE", ONE, "reads_next_id"),
    _without("placed again after the ids were reset", "DUPLICATE", ONE, "notices_reset"),
    _without(
        "placed again unasked, nextValidId not read",
        "DUPLICATE",
        _LISTED,
        "reads_lists",
        "reads_next_id",
    ),
    _without(
        "placed again under a new id; old bytes may come late",
        "DUPLICATE",
        replace(ONE, **BY_ID),
        "keeps_order_id",
    ),
    _without(
        "placed again; old bytes may come late, used ids are not refused",
        "DUPLICATE",
        replace(ONE, frees_id_late=False),
    ),
    _without(
        "what was placed again counts as never sent; old bytes may come late",
        "UNTRUE",
        replace(ONE, **BY_ID),
        "remembers_bytes",
    ),
    _without("not listed is VOIDED", "UNTRUE", ONE, "doubts_absence"),
    _without("not listed and too old is EXPIRED", "UNTRUE", ONE, "doubts_age"),
    _without("old rows are pruned, the number at the fence passes", "DUPLICATE", _PRUNED),
    _without(
        "old rows are pruned, no fence",
        "DUPLICATE",
        replace(_PRUNED, siblings_may_pass=False),
        "fences_order",
        "fences_voids",
    ),
)
"""Each must break what it names."""
LAYERS: Final = (
    _without("sent before INFLIGHT: the gateway alone decides expiry", HOLDS, ONE, "writes_ahead"),
    _without(
        "the dispatcher expires what it never sent: INFLIGHT tells",
        HOLDS,
        _CALM_PAIR,
        "leaves_unsent_alive",
    ),
    _without(
        "many of a key in flight: the gateway's serial rule and fence",
        HOLDS,
        _CALM_PAIR,
        "flies_one_per_key",
    ),
    _without(
        "many of a key in flight, no serial rule: it looks at the fence again",
        HOLDS,
        _CALM_PAIR,
        "flies_one_per_key",
        "opens_one_per_key",
    ),
    _without(
        "no serial rule and no second look: one of a key in flight",
        HOLDS,
        _CALM_PAIR,
        "opens_one_per_key",
        "looks_again",
    ),
    _without(
        "no fence for earlier numbers, nothing voided: one of a key in flight",
        HOLDS,
        _CALM_PAIR,
        "fences_order",
    ),
    _without(
        "placed again under a new id: lists and one connection at a time",
        HOLDS,
        ONE,
        "keeps_order_id",
    ),
    _without("lists not read: nextValidId", HOLDS, ONE, "reads_lists"),
    _without("nextValidId not read: complete lists", HOLDS, _LISTED, "reads_next_id"),
    _without(
        "what was placed again counts as never sent: one connection at a time",
        HOLDS,
        ONE,
        "remembers_bytes",
    ),
    Case("old rows are pruned: the fence", replace(_PRUNED, siblings_may_pass=False)),
)
"""Removed alone, or with what they back up, and rightly nothing breaks."""
