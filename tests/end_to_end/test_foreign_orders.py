"""What a TWS that shares no code with ours is sent, field by field, for each kind of alert."""

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.foreign_cases import CASES
from tests.end_to_end.foreign_frames import USUAL, Case, Frame
from tests.end_to_end.installation import Installation
from tests.end_to_end.spartan_tws import SpartanTws

ALERT_ID_LENGTH = 26
# Fields that are not of an order of ours, and what says nothing in them.
SILENT = {"openClose": {"O", ""}, "exemptCode": {"-1"}}
NUMBERED = {"orderId", "conId"}
CONTRACT = {
    "symbol",
    "secType",
    "exchange",
    "primaryExch",
    "currency",
    "localSymbol",
    "tradingClass",
}


class Received:
    """All cases sent, and what came of each: frames and cancels by alert."""

    def __init__(self, installation: Installation, tws: SpartanTws) -> None:
        self.tws = tws
        self.alerts: dict[str, list[str]] = {}
        self.told: dict[str, Any] = {}
        for case in CASES:
            for body in case.alerts:
                alert = {"strategy": case.name, "symbol": symbol_of(case), **body}
                status, answer = installation.post(alert)
                assert status == 200, (case.name, answer)
                self.alerts.setdefault(case.name, []).append(answer["alert_id"])

        def are_decided() -> bool:
            rows = installation.listed("alerts", "--limit", "1000")
            self.told = {row["alert_id"]: row for row in rows}
            return all(row["state"] == "DONE" for row in rows)

        installation.wait(are_decided, "all alerts are decided")

    def frames(self, alert_id: str, *, changed: bool = False) -> list[Frame]:
        """Return the frames that placed an alert's orders, or those that changed them after."""
        placed: dict[str, Frame] = {}
        changes = []
        for one in self.tws.frames:
            if one["orderRef"][:ALERT_ID_LENGTH] != alert_id:
                continue
            if placed.setdefault(one["orderId"], one) is not one:
                changes.append(one)
        return changes if changed else list(placed.values())


def symbol_of(case: Case) -> str:
    """Return a symbol of the case's own, so that no position is another's."""
    if case.symbol:
        return case.symbol
    number = CASES.index(case)
    return f"NASDAQ:F{chr(65 + number // 26)}{chr(65 + number % 26)}"


def plain(value: str) -> str:
    """Write a number as we do: 10 for 10.0."""
    try:
        return f"{Decimal(value).normalize():f}" if value else ""
    except InvalidOperation:
        return value


@pytest.fixture(scope="module")
def received(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Received]:
    home: Path = tmp_path_factory.mktemp("foreign")
    tws = SpartanTws()
    installation = Installation(home, tws.port, ALERTWIRE_IB_MESSAGES_PER_S="0")
    try:
        installation.start("gateway", "consumer", "producer")
        installation.wait_ready()
        yield Received(installation, tws)
    finally:
        installation.stop()
        tws.close()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_foreign_tws_receives_the_fields_of(received: Received, case: Case) -> None:
    alert_id = received.alerts[case.name][-2 if case.amends else -1]
    frames = received.frames(alert_id, changed=case.amends)
    said: Any = (received.told[alert_id], frames)
    assert len(frames) == len(case.frames), said
    for frame, wanted in zip(frames, case.frames, strict=True):
        expected = USUAL | wanted
        expected |= {
            name: expected[name].replace("{ref}", f"{alert_id}-1")
            for name in ("orderRef", "ocaGroup")
        }
        if expected["parentId"] == "main":
            expected["parentId"] = received.frames(alert_id)[0]["orderId"]
        assert {name: plain(frame[name]) for name in expected} == expected, said
        symbol, kind = case.contract
        assert (frame["symbol"], frame["secType"]) == (symbol or symbol_of(case)[-3:], kind)
        others = frame.keys() - expected.keys() - CONTRACT - NUMBERED
        spoken = {n: frame[n] for n in others if plain(frame[n]) not in SILENT.get(n, {"", "0"})}
        assert spoken == {}, "fields that the alert did not ask for"
    ids = [int(frame["orderId"]) for frame in frames]
    assert case.amends or ids == sorted(set(ids))


@pytest.mark.parametrize(
    "case", [case for case in CASES if case.cancels], ids=lambda case: case.name
)
def test_what_an_alert_ends_is_cancelled_by_its_id_before(received: Received, case: Case) -> None:
    before = {
        frame["orderId"]: frame
        for alert_id in received.alerts[case.name][:-1]
        for frame in received.frames(alert_id)
        if frame["orderType"] != "MKT"
    }

    assert len(before) == case.cancels
    assert before.keys() <= set(received.tws.cancelled)


def test_nothing_else_was_sent(received: Received) -> None:
    assert received.tws.errors == []
    mine = {one for ids in received.alerts.values() for one in ids}
    assert {frame["orderRef"][:ALERT_ID_LENGTH] for frame in received.tws.frames} <= mine
    assert len(received.tws.cancelled) == sum(case.cancels for case in CASES)
    by_ref = {frame["orderRef"]: frame["orderId"] for frame in received.tws.frames}
    by_id = {frame["orderId"]: frame["orderRef"] for frame in received.tws.frames}
    assert len(by_ref) == len(by_id)
