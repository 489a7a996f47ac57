"""What every verb has in common: help with an example, errors in a line, JSON where it lists."""

import json
from collections.abc import Iterator

import click
import pytest
import typer
from typer.testing import CliRunner

from alertwire import __version__
from alertwire.cli import probes
from alertwire.cli.main import app
from alertwire.faults import ConfigurationError
from alertwire.journal import tables
from alertwire.wire.control import NEEDS_PERSON, ControlReply, ControlRequest
from tests.cli.verbs import run
from tests.records import Records


def verbs(of: click.Command, path: str = "alertwire") -> Iterator[tuple[str, click.Command]]:
    if isinstance(of, click.Group):
        for name, one in of.commands.items():
            yield from verbs(one, f"{path} {name}")
    else:
        yield path, of


ALL = dict(verbs(typer.main.get_command(app)))


@pytest.mark.parametrize("verb", ALL)
def test_the_help_of_every_verb_has_an_example(verb: str) -> None:
    assert verb in (ALL[verb].help or "")


def test_the_version_is_told_as_verb_and_as_option() -> None:
    assert run("--version").stdout == run("version").stdout == f"{__version__}\n"


@pytest.mark.parametrize("command", ["no-such-program", "./no-such-program --flag", "'open"])
def test_an_executor_that_cannot_be_run_is_told_before_the_suite_begins(command: str) -> None:
    done = CliRunner().invoke(app, ["conformance", command])

    assert isinstance(done.exception, ConfigurationError)
    assert command.partition(" ")[0].removeprefix("./") in str(done.exception)
    assert done.output == ""


def test_refused_requests_are_found_by_strategy_symbol_and_time(records: Records) -> None:
    one = records.refusal(b'{"strategy": "s1", "symbol": "NASDAQ:AAPL"}')
    two = records.refusal(b'{"strategy": "s2", "ticker": "MSFT"}', handled_as="dropped")
    records.refusal(b"not json")

    def found(*arguments: str) -> list[str]:
        told = run("alerts", "--refused", "--json", *arguments).stdout
        return [json.loads(line)["refusal_id"] for line in told.splitlines()]

    assert found("--strategy", "s1") == [one]
    assert found("--symbol", "aapl") == [one]
    assert found("--symbol", "MSFT") == [two]
    assert len(found()) == 3
    assert len(found("--limit", "1")) == 1
    assert found("--since", "1s") == []


def test_what_was_refused_at_the_door_has_no_other_outcome(records: Records) -> None:
    done = CliRunner().invoke(app, ["alerts", "--refused", "--outcome", "expired"])

    assert isinstance(done.exception, ConfigurationError)


def test_verify_lists_its_findings_as_json_alone(records: Records) -> None:
    records.alert("ACCEPTED", state="DONE")
    records.change(tables.alerts, records.ids()[0], outcome="nonsense")

    told = run("journal", "verify", "--json", code=1)

    assert [list(json.loads(line)) for line in told.stdout.splitlines()] == [["finding"]] * len(
        told.stdout.splitlines()
    )
    assert told.stdout
    assert "checked" in told.stderr


def test_reconcile_lists_as_json_what_needs_a_person(
    records: Records, monkeypatch: pytest.MonkeyPatch
) -> None:
    findings = ("orders: 1 works", f"{NEEDS_PERSON} look at TWS")

    def answer(_settings: object, asked: ControlRequest, _timeout_s: float) -> ControlReply:
        assert asked.reconcile is not None
        return ControlReply(findings=findings)

    monkeypatch.setattr(probes, "ask_gateway", answer)

    told = run("reconcile", "--json", code=1).stdout

    assert [json.loads(line) for line in told.splitlines()] == [
        {"finding": findings[0], "needs_person": False},
        {"finding": findings[1], "needs_person": True},
    ]
    assert run("reconcile", code=1).stdout.splitlines() == list(findings)
