"""What an operator reads: lists, traces, checks and exports of a journal that is there."""

import csv
import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alertwire.cli.main import app
from alertwire.journal import tables
from tests.cli.verbs import TOKEN, run
from tests.records import Records

DAY = timedelta(days=1)


def listed(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--json").stdout.splitlines()]


def test_the_dead_letters_are_one_list_with_reason_and_remedy(records: Records) -> None:
    records.alert("ACCEPTED")
    expired = records.alert("EXPIRED")
    records.alert("VOIDED", handled_at=records.now, handled_as="dropped")
    parked = records.alert("UNKNOWN", state="PARKED", key="p")
    late = records.alert(state="LATE", key="p")
    body = b'{"strategy": "s2", "symbol": "MSFT", "action": "buy", "quantity": -1}'
    refused = records.refusal(body, age=-timedelta(seconds=1))
    records.refusal(b"not json", handled_at=records.now, handled_as="dropped")

    found = listed("alerts", "--dead")

    assert [(row["letter_id"], row["outcome"], row["remedy"]) for row in found] == [
        (refused, "REFUSED", "replay --body FILE, or drop"),
        (late, "LATE", "replay or drop"),
        (parked, "PARKED", "resolve"),
        (expired, "EXPIRED", "replay or drop"),
    ]
    assert found[0] | {"at": ""} == {
        "at": "",
        "letter_id": refused,
        "strategy": "s2",
        "symbol": "MSFT",
        "action": "buy",
        "account": "",
        "outcome": "REFUSED",
        "reason": "quantity must be above 0",
        "remedy": "replay --body FILE, or drop",
    }
    assert all(row["reason"] for row in found if row["outcome"] != "LATE")
    assert "quantity must be above 0" in run("alerts", "--dead").stdout


def test_the_dead_letters_are_counted_for_the_doctor(records: Records) -> None:
    from alertwire.journal.letters import count_dead

    records.alert("ACCEPTED")
    records.alert("EXPIRED")
    records.alert("EXPIRED", handled_at=records.now, handled_as="dropped")
    records.alert("UNKNOWN", state="PARKED", key="p")
    records.alert(state="LATE", key="p")
    records.refusal()

    with records.journal.connect() as connection:
        found = count_dead(connection)

    assert found == {"EXPIRED": 1, "LATE": 1, "PARKED": 1, "REFUSED": 1}


def test_the_doctor_sends_to_the_dead_letters_that_wait_for_a_person(records: Records) -> None:
    def told() -> tuple[str, str]:
        lines = CliRunner().invoke(app, ["doctor", "--json"]).stdout.splitlines()
        found = {each["subject"]: each for each in map(json.loads, lines)}
        return found["dead letters"]["found"], found["dead letters"]["remedy"]

    records.alert("EXPIRED")
    assert told() == ("1 expired", "")

    records.alert(state="LATE", key="p")
    assert told() == ("1 expired, 1 late", "alertwire alerts --dead")


FILTERS = [
    (("--strategy", "s"), 3),
    (("--strategy", "other"), 1),
    (("--symbol", "aapl"), 3),
    (("--symbol", "NASDAQ:AAPL"), 3),
    (("--symbol", "APL"), 0),
    (("--symbol", "%"), 0),
    (("--outcome", "expired"), 1),
    (("--outcome", "LATE"), 1),
    (("--since", "2h"), 2),
    (("--since", "7d"), 4),
    (("--since", "2026-01-01", "--limit", "1"), 1),
    (("--since", "2h", "--outcome", "late"), 1),
]


@pytest.mark.parametrize(("options", "count"), FILTERS)
def test_alerts_are_found_by_what_an_operator_asks_for(
    records: Records, options: tuple[str, ...], count: int
) -> None:
    records.alert("ACCEPTED", age=2 * DAY)
    records.alert("EXPIRED", age=DAY)
    records.alert("ACCEPTED")
    records.alert(state="LATE", strategy="other", symbol="MSFT")

    assert len(listed("alerts", *options)) == count


@pytest.mark.parametrize("wrong", ["yesterday", "2x", "-1h", "2026-13-01", "999999w"])
def test_a_moment_that_cannot_be_read_is_told(records: Records, wrong: str) -> None:
    done = run("alerts", "--since", wrong, code=2)

    assert "--since" in done.output


def test_a_strangers_text_neither_colours_nor_breaks_the_list(records: Records) -> None:
    records.refusal(b"\x1b[31m[/nothing] [bold]x", detail="[/red]\x9b")

    said = run("alerts", "--refused").stdout + run("alerts", "--dead").stdout

    assert "\\x1b[31m[/nothing] [bold]x" in said
    assert "\x1b[31m" not in said
    assert "\x9b" not in said


def with_order(records: Records) -> str:
    alert_id = records.alert(
        "ACCEPTED", identity="replay/01KAPRT3M2W8Y4ZC9N5QOLDOLD", attempts=2, handled_as=None
    )
    at = records.now + timedelta(milliseconds=30)
    ref = f"{alert_id}-1"
    records.put(
        records.journal,
        tables.attempts,
        alert_id=alert_id,
        attempt=2,
        at=records.now + timedelta(milliseconds=20),
        mode="EXECUTE",
        reason="no RECEIVED within 1 s",
    )
    records.put(
        records.ledger,
        tables.orders,
        order_ref=ref,
        command_id=ref,
        alert_id=alert_id,
        account="DU1",
        strategy="s",
        strategy_order_id="",
        client_id=1,
        order_id=1,
        perm_id=9,
        contract_id=1,
        symbol="AAPL",
        local_symbol="AAPL",
        side="BUY",
        order_type="MARKET",
        quantity=Decimal(10),
        state="FILLED",
        filled=Decimal(10),
        code=0,
        detail="",
        created_at=at,
        updated_at=at,
    )
    for number, state in enumerate(("SUBMITTED", "FILLED")):
        records.put(
            records.ledger,
            tables.order_events,
            order_ref=ref,
            at=at + timedelta(milliseconds=number),
            state=state,
            filled=Decimal(10 * number),
            code=0,
            detail="",
        )
    records.put(
        records.ledger,
        tables.fills,
        execution_id="0001.01",
        order_ref=ref,
        quantity=Decimal(10),
        price=Decimal("187.25"),
        at=at + timedelta(milliseconds=5),
        commission=None,
        commission_currency="USD",
    )
    return alert_id


@pytest.mark.parametrize("suffix", ["", "-1"])
def test_a_trace_is_one_list_by_time_with_every_source(records: Records, suffix: str) -> None:
    alert_id = with_order(records)

    (found,) = listed("trace", alert_id + suffix)
    said = run("trace", alert_id + suffix).stdout

    assert found["replayed"] == {"of": "01KAPRT3M2W8Y4ZC9N5QOLDOLD", "as": None}
    assert [row["reason"] for row in found["attempts"]] == ["no RECEIVED within 1 s"]
    assert [row["state"] for row in found["events"]] == ["SUBMITTED", "FILLED"]
    assert found["fills"][0]["price"] == "187.25"
    words = (
        "received",
        "journaled",
        "pushed",
        "accepted by the test",
        "no RECEIVED within 1 s",
        "order SUBMITTED",
        "order FILLED",
        "10 at 187.25",
    )
    places = [said.index(word, said.index("since first")) for word in words]
    assert places == sorted(places), said
    assert "replay of 01KAPRT3M2W8Y4ZC9N5QOLDOLD" in said


def test_a_trace_of_a_refusal_shows_reason_and_body(records: Records) -> None:
    refused = records.refusal(b'{"symbol": "X"}')

    (found,) = listed("trace", refused)
    said = run("trace", refused).stdout

    assert found["refusal"]["detail"] == "quantity must be above 0"
    assert '{"symbol": "X"}' in said
    assert "quantity must be above 0" in said


def test_verify_ends_with_0_where_all_is_well_and_1_with_each_finding(records: Records) -> None:
    records.alert()
    assert "nothing is wrong" in run("journal", "verify").stdout

    records.change(tables.alerts, records.alert("VOIDED"), detail="")
    said = run("journal", "verify", code=1).stdout

    assert "without a reason" in said
    assert "2 alerts" in said
    assert "1 findings" in said


def kinds(text: str) -> list[str]:
    return [json.loads(line)["kind"] for line in text.splitlines()]


def test_an_export_holds_all_that_is_known_without_tokens(records: Records, tmp_path: Path) -> None:
    alert_id = with_order(records)
    records.refusal(f'{{"x": "{TOKEN}"}}'.encode())

    said = run("journal", "export").stdout
    run("journal", "export", "all.jsonl")
    rows = [json.loads(line) for line in said.splitlines()]

    assert [row["kind"] for row in rows] == [
        "alert",
        "attempt",
        "command",
        "order",
        "event",
        "event",
        "fill",
        "refusal",
    ]
    assert {row.get("alert_id") for row in rows} == {alert_id, None}
    assert rows[0]["raw_body"] == '{"symbol": "NASDAQ:AAPL"}'
    assert TOKEN not in said
    assert rows[-1]["raw_body"] == '{"x": "[redacted]"}'
    written = tmp_path / "all.jsonl"
    assert written.read_text() == said
    assert written.stat().st_mode & 0o777 == 0o600


def test_an_export_as_a_table_has_the_same_records(records: Records) -> None:
    with_order(records)
    records.refusal(b'{"a":\n"b,c"}')

    table = list(
        csv.DictReader(run("journal", "export", "--format", "csv").stdout.splitlines(True))
    )
    lines = run("journal", "export").stdout

    assert [row["kind"] for row in table] == kinds(lines)
    fill = next(row for row in table if row["kind"] == "fill")
    assert (fill["quantity"], fill["price"], fill["alert_id"][:5]) == ("10", "187.25", "01KAP")
    assert table[-1]["raw_body"] == '{"a":\n"b,c"}'


def test_an_export_is_cut_by_time(records: Records) -> None:
    for age in (3, 2, 1):
        records.alert("VOIDED", age=age * DAY)

    assert len(kinds(run("journal", "export", "--since", "60h").stdout)) == 2
    assert len(kinds(run("journal", "export", "--since", "60h", "--until", "36h").stdout)) == 1


def test_the_names_of_an_export_stay_as_they_are() -> None:
    from alertwire.journal.export import FIELDS

    assert {kind: " ".join(names) for kind, names in FIELDS.items()} == {
        "alert": "alert_id route strategy symbol action key seq state attempts outcome detail "
        "accepted_at not_after decided_at raw_body fired_at handled_at handled_as "
        "account sibling_of void_of",
        "attempt": "alert_id attempt at mode reason",
        "command": "command_id alert_id key seq account strategy symbol action state detail "
        "taken_at decided_at contract_id",
        "order": "order_ref command_id alert_id account strategy strategy_order_id client_id "
        "order_id perm_id contract_id symbol local_symbol side order_type quantity limit_price "
        "stop_price state filled average_price code detail created_at updated_at cancel_asked_at "
        "role parent_ref ticket taken_back_at is_entry",
        "event": "alert_id order_ref at state filled code detail",
        "fill": "alert_id execution_id order_ref quantity price at commission commission_currency",
        "refusal": "refusal_id route at source status code field detail raw_body handled_at "
        "handled_as",
    }


@pytest.fixture
def aged(records: Records) -> Callable[[], list[str]]:
    for age in (40, 30, 1):
        records.alert("VOIDED", age=age * DAY)
    return records.ids


def test_prune_says_what_it_would_remove_and_removes_it_when_told(
    aged: Callable[[], list[str]],
) -> None:
    assert "would remove 2 alerts" in run("journal", "prune", "--before", "20d", "--dry-run").stdout
    assert len(aged()) == 3

    assert "removed 2 alerts" in run("journal", "prune", "--before", "20d", "--yes").stdout
    assert len(aged()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [(("6d", "--yes"), "younger than 7 days"), (("20d",), "say --yes")],
)
def test_prune_removes_nothing_young_and_nothing_unasked(
    aged: Callable[[], list[str]], options: tuple[str, ...], said: str
) -> None:
    done = run("journal", "prune", "--before", *options, code=1)

    assert said in str(done.exception)
    assert len(aged()) == 3


def test_a_trace_says_where_the_commands_are_of_an_account_behind_another_gateway(
    records: Records, tmp_path: Path
) -> None:
    (tmp_path / "alertwire.toml").write_text(
        '[gateways.second]\ncommands_endpoint = "tcp://127.0.0.1:5567"\n'
        '[routes.default]\naccounts = ["DU1", { id = "DU2", gateway = "second" }]\n'
    )
    there = records.alert(account="DU2", with_command=False)
    here = records.alert(account="DU1", with_command=False)

    said = run("trace", there).stdout

    assert "behind gateway second" in said
    assert "ALERTWIRE_LEDGER_URL" in said
    assert "behind gateway" not in run("trace", here).stdout


@pytest.mark.parametrize(
    "verb", [["orders"], ["positions"], ["alerts", "--dead"], ["trace", "ALERT"], ["halt"]]
)
def test_every_verb_says_where_real_money_moves_beside_what_it_prints(
    records: Records, monkeypatch: pytest.MonkeyPatch, verb: list[str]
) -> None:
    arguments = [records.alert("ACCEPTED") if each == "ALERT" else each for each in verb]
    paper = CliRunner().invoke(app, arguments)

    monkeypatch.setenv("ALERTWIRE_TRADING_MODE", "live")
    live = CliRunner().invoke(app, arguments)

    assert "LIVE" not in paper.stderr
    assert live.stderr.startswith("LIVE: real money\n")
    assert "LIVE" not in live.stdout
