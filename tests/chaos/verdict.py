"""The counting: what was accepted against what the broker's own book holds. Pure."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.chaos.evidence import AlertRow, BookRow
from tests.chaos.sender import Sent

LEG = re.compile("[a-z]$")
"""Ends the reference of an order that protects."""
ALERT_ID_LENGTH = 26
FORMS_OF_NOTHING = (
    "nothing to close",
    "position is already",
    "already being closed",
    "already being brought there",
)
"""What the gateway says of an ACCEPTED that needed no order; a cancel never needs one."""


@dataclass
class Verdict:
    """Violations are sentences, each with its evidence; a list that is empty is good news."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    untrue: list[str] = field(default_factory=list)
    alerts: int = 0
    orders: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    parked: list[str] = field(default_factory=list)
    parked_at_broker: int = 0
    """Of these, whose order the broker has: recovery should have found them."""
    halted: int = 0
    not_accepted: int = 0
    attempts: Counter[int] = field(default_factory=Counter)

    @property
    def violations(self) -> list[str]:
        return [*self.lost, *self.doubled, *self.disordered, *self.untrue]


def judge(
    sent: Iterable[Sent],
    journal: list[AlertRow],
    book: list[BookRow],
    ledger: dict[str, dict[str, Any]] | None = None,
    refused: dict[str, list[int]] | None = None,
) -> Verdict:
    """Count. `ledger` holds the gateway's orders by reference, to hold its fills to the book's.

    `refused` are the broker's codes by alert id: they explain what is parked.
    """
    verdict = Verdict(alerts=len(journal), orders=sum(not row.never_works for row in book))
    by_alert: dict[str, list[BookRow]] = defaultdict(list)
    for row in book:
        if not row.never_works:
            by_alert[row.alert_id].append(row)
    _count_at_the_door(sent, journal, verdict)
    halted_keys = {row.key for row in journal if row.state == "PARKED"}
    for row in journal:
        verdict.attempts[row.attempts] += 1
        codes = (refused or {}).get(row.alert_id, [])
        _judge_alert(row, by_alert.get(row.alert_id, []), codes, halted_keys, verdict)
    _judge_order(journal, book, verdict)
    _judge_strangers(journal, by_alert, verdict)
    if ledger is not None:
        _judge_fills(ledger, book, verdict)
        explained = {row.alert_id for row in journal if row.state == "PARKED"}
        _judge_families(ledger, by_alert, explained.union(refused or ()), verdict)
    return verdict


def _count_at_the_door(sent: Iterable[Sent], journal: list[AlertRow], verdict: Verdict) -> None:
    kept: dict[str, list[str]] = defaultdict(list)
    for row in journal:
        kept[json.loads(row.raw_body)["id"]].append(row.alert_id)
    for one in sent:
        verdict.not_accepted += not one.alert_ids
        if gone := one.alert_ids.difference(kept.get(one.sender_id, ())):
            verdict.lost.append(f"{one.sender_id} was answered 200 as {gone}, not in the journal")
    for sender_id, rows in kept.items():
        if len(rows) > 1:
            verdict.doubled.append(f"{sender_id} stands in the journal as {rows}")


def _judge_alert(
    row: AlertRow,
    orders: list[BookRow],
    codes: list[int],
    halted_keys: set[str],
    verdict: Verdict,
) -> None:
    about = f"{row.alert_id} ({row.action} {row.key} #{row.seq}, {row.attempts} attempts)"
    said = f"{row.state} {row.outcome}: {row.detail}"
    entries = [order for order in orders if not LEG.search(order.order_ref)]
    refs = {order.order_ref for order in orders}
    if len(entries) > 1 or len(refs) < len(orders):
        verdict.doubled.append(f"{about} has {len(orders)} orders {orders}; {said}")
    # What protects is made smaller where a part of the position is closed.
    if any(order.changes for order in entries):
        verdict.doubled.append(f"{about}: placeOrder was acted on again {orders}; {said}")
    if row.state in {"NEW", "INFLIGHT"}:
        if row.key in halted_keys:
            verdict.halted += 1
        else:
            verdict.lost.append(f"{about} was never decided; {said}; orders {orders}")
        if orders and not row.attempts:
            verdict.untrue.append(f"{about} was never sent and has {orders}")
        return
    verdict.outcomes[row.outcome] += 1
    if row.state == "PARKED":
        verdict.parked_at_broker += bool(orders)
        told = f"; it refused it with {codes}" if codes else ""
        verdict.parked.append(f"{about}: {row.detail}; the broker has {orders or 'nothing'}{told}")
    elif row.outcome == "ACCEPTED":
        is_nothing = row.action == "cancel" or any(f in row.detail for f in FORMS_OF_NOTHING)
        if not orders and not is_nothing:
            verdict.lost.append(f"{about} has no order; {said}")
    elif orders:
        verdict.untrue.append(f"{about} has {orders}, but {said}")
    elif not row.detail:
        verdict.lost.append(f"{about} has no order and nothing tells why; {said}")


def _judge_order(journal: list[AlertRow], book: list[BookRow], verdict: Verdict) -> None:
    places = {row.alert_id: row for row in journal}
    latest: dict[str, AlertRow] = {}
    for order in book:
        row = places.get(order.alert_id)
        if row is None or order.never_works:
            continue
        before = latest.get(row.key)
        if before is not None and before.seq > row.seq:
            verdict.disordered.append(
                f"{row.alert_id} (#{row.seq} of {row.key}) was taken by the broker after"
                f" {before.alert_id} (#{before.seq})"
            )
        else:
            latest[row.key] = row


def _judge_strangers(
    journal: list[AlertRow], by_alert: dict[str, list[BookRow]], verdict: Verdict
) -> None:
    known = {row.alert_id for row in journal}
    for alert_id, orders in by_alert.items():
        if alert_id not in known:
            verdict.untrue.append(f"the broker has {orders} of no alert in the journal")


def _judge_families(
    ledger: dict[str, dict[str, Any]],
    by_alert: dict[str, list[BookRow]],
    explained: set[str],
    verdict: Verdict,
) -> None:
    """An entry is at the broker with all that protects it, or not at all.

    `explained`: alerts that wait for a person, or of which the broker refused an order.
    """
    families: dict[str, set[str]] = defaultdict(set)
    for ref in ledger:
        families[ref[:ALERT_ID_LENGTH]].add(ref)
    for alert_id, refs in families.items():
        there = {row.order_ref for row in by_alert.get(alert_id, ())}
        if len(refs) > 1 and there and there != refs and alert_id not in explained:
            missing = ", ".join(sorted(refs - there))
            verdict.untrue.append(f"{alert_id} is at the broker without {missing}")


def _judge_fills(ledger: dict[str, dict[str, Any]], book: list[BookRow], verdict: Verdict) -> None:
    """Hold the ledger's fills to the book's, but for what it says it does not know."""
    for row in book:
        ours = ledger.get(row.order_ref)
        if row.never_works or ours is None:
            continue
        if ours["state"] != "UNKNOWN" and Decimal(ours["filled"]) != row.filled:
            verdict.untrue.append(
                f"{row.order_ref}: {ours['state']} with {ours['filled']} filled in the ledger,"
                f" {row.status} with {row.filled} at the broker"
            )
