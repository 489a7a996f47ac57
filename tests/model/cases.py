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
    but: str = ""
    """An invariant that may break."""

    def explore(self, *, states_max: int = 50_000_000, progress: Progress | None = None) -> Result:
        watched = {self.expected} if self.expected != HOLDS else {*INVARIANTS} - {self.but}
        return explore(Model(self.world), watched=watched, states_max=states_max, progress=progress)


ONE: Final = World(keys=(0,))
PAIR: Final = World(keys=(0, 0))
TWO_KEYS: Final = World(keys=(0, 1))
CALM: Final = {
    "alerts_may_be_voided": False,
    "executors_may_differ": False,
    "commits_may_be_doubtful": False,
    "broker_may_refuse": False,
}
"""Nothing is voided or refused and the door knows its commits, where that is not the point."""
BY_ID: Final = {
    "frees_id_late": False,
    "refuses_used_ids": True,
    "unseen_may_end": False,
}
"""Bytes of an old connection may come at any time, but an order id is carried out once."""

SMALL: Final = (
    Case("one alert", ONE),
    Case("one alert; the broker only refuses used ids", replace(ONE, **BY_ID)),
    Case("one alert, posted twice", replace(PAIR, contents=(0, 0))),
    Case("two of a key, calm", replace(PAIR, **CALM)),
    Case(
        "two of a key, calm but for refusals", replace(PAIR, **CALM | {"broker_may_refuse": True})
    ),
    Case("two of a key, nothing refused", replace(PAIR, broker_may_refuse=False)),
)
"""In `make test`."""
LARGE: Final = (
    Case("one alert for two accounts", replace(ONE, accounts=2)),
    Case("two of a key", PAIR),
    Case("two of a key; the broker only refuses used ids", replace(PAIR, **BY_ID)),
    Case("two keys, nothing refused", replace(TWO_KEYS, broker_may_refuse=False)),
    Case("two of a key for two accounts, calm", replace(PAIR, **CALM, accounts=2)),
    Case("three of a key, calm", World(keys=(0, 0, 0), **CALM)),
)
"""In `make model`, besides the small ones."""


def _without(name: str, expected: str, world: World, *removed: str, but: str = "") -> Case:
    guards = Safeguards(**dict.fromkeys(removed, False))
    return Case(name, replace(world, safeguards=guards), expected, but)


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
        "many of a key in flight, and the gateway goes on after UNKNOWN; old bytes may come late",
        "ORDER",
        replace(_CALM_PAIR, **BY_ID),
        "flies_one_per_key",
    ),
    _without(
        "many of a key in flight, the first is voided by the fence",
        "OVERTAKEN",
        _CALM_PAIR,
        "flies_one_per_key",
    ),
    _without(
        "what doubted commits kept is taken in by its age",
        "OVERTAKEN",
        replace(_CALM_PAIR, commits_may_be_doubtful=True),
        "takes_in_by_number",
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
    _without("any error about an order is a refusal", "UNTRUE", ONE, "knows_refusals"),
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
    _without(
        "never seen and too old is EXPIRED; old bytes may come late",
        "UNTRUE",
        replace(replace(ONE, **BY_ID), unseen_may_end=True),
    ),
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
        # In the model age comes and goes: after a crash the same alert may be fresh again.
        but="OVERTAKEN",
    ),
    _without(
        "many of a key in flight: the gateway's serial rule and fence void what is overtaken",
        HOLDS,
        _CALM_PAIR,
        "flies_one_per_key",
        but="OVERTAKEN",
    ),
    _without(
        "many of a key in flight, no serial rule: it looks at the fence again",
        HOLDS,
        _CALM_PAIR,
        "flies_one_per_key",
        "opens_one_per_key",
        but="OVERTAKEN",
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
    Case(
        "old rows are pruned: the fence",
        replace(_PRUNED, siblings_may_pass=False),
        # Without its row, who voided an alert can no longer be told.
        but="OVERTAKEN",
    ),
)
"""Removed alone, or with what they back up, and rightly nothing breaks."""
