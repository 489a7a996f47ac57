"""EX-010 to EX-090: how it starts, and how it refuses to."""

from collections.abc import Iterator
from typing import Any, Final

from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.subject import expect
from alertwire.process import EXIT_CONFIGURATION

SLOTS: Final = 64
_OFF_LOOPBACK: Final = "tcp://192.0.2.1:5555"
"""TEST-NET-1: an address that nobody has (RFC 5737)."""


@case("EX-010", "--help says how it is used and ends with 0", alone=True)
def helps(bench: Bench) -> None:
    subject = bench.start("--help")
    expect(subject.exit_code() == 0, f"--help ended with {subject.popen.returncode}")
    shown = subject.out.read_text(errors="replace")
    for name in ("ALERTWIRE_ALERTS_ENDPOINT", "ALERTWIRE_ACKS_ENDPOINT", "ALERTWIRE_CONFIG"):
        expect(name in shown, f"--help does not name {name} on stdout")


@case("EX-020", "Starts without arguments; the first heartbeat offers 64 free slots")
def starts(bench: Bench) -> None:
    bench.ready()
    first = bench.producer.history[0]
    expect(first.kind.name == "HEARTBEAT", f"the first ack was {first.kind.name}")
    expect(first.free_slots == SLOTS, f"free_slots was {first.free_slots} and not {SLOTS}")
    expect(not first.alert_id, "a heartbeat names no alert")


def _wrong_settings() -> Iterator[tuple[str, Setup, Any]]:
    for name, variable, value in (
        ("health_port", "ALERTWIRE_CONSUMER_HEALTH_PORT", "seven"),
        ("health_port_range", "ALERTWIRE_CONSUMER_HEALTH_PORT", "70000"),
        ("unknown", "ALERTWIRE_COMMAND_ENDPOINT", "tcp://127.0.0.1:5557"),
        ("log_level", "ALERTWIRE_LOG_LEVEL", "loud"),
        ("log_format", "ALERTWIRE_LOG_FORMAT", "xml"),
        ("alerts_endpoint", "ALERTWIRE_ALERTS_ENDPOINT", "nowhere"),
        ("acks_endpoint", "ALERTWIRE_ACKS_ENDPOINT", "http://127.0.0.1:5556"),
        ("commands_endpoint", "ALERTWIRE_COMMANDS_ENDPOINT", "tcp://127.0.0.1"),
        ("alerts_off_loopback", "ALERTWIRE_ALERTS_ENDPOINT", _OFF_LOOPBACK),
        ("acks_off_loopback", "ALERTWIRE_ACKS_ENDPOINT", _OFF_LOOPBACK),
        ("commands_off_loopback", "ALERTWIRE_COMMANDS_ENDPOINT", _OFF_LOOPBACK),
    ):
        yield name, Setup(), (variable, value)


@cases(
    "EX-030",
    "A wrong setting: exit code 78 and one line that names it",
    _wrong_settings(),
    alone=True,
)
def refuses_a_setting(bench: Bench, wrong: tuple[str, str]) -> None:
    variable, value = wrong
    refuses_to_start(bench, variable, {variable: value})


_WRONG_FILES: Final = {
    "no_toml": "[routes.default\n",
    "account_without_id": '[[routes.default.accounts]]\nmultiplier = "2"\n',
    "account_twice": '[routes.default]\naccounts = ["DU1", "DU1"]\n',
    "multiplier_zero": '[routes.default]\naccounts = [{id = "DU1", multiplier = "0"}]\n',
    "multiplier_no_number": '[routes.default]\naccounts = [{id = "DU1", multiplier = "x"}]\n',
    "accounts_no_list": '[routes.default]\naccounts = "DU1"\n',
    "gateway_unknown": '[routes.default]\naccounts = [{id = "DU1", gateway = "second"}]\n',
    "gateway_without_endpoint": "[gateways.second]\n",
    "gateway_setting_unknown": '[gateways.second]\ncommands_endpoint = "tcp://a:1"\nx = 1\n',
    "table_unknown": '[rotes.default]\naccounts = ["DU1"]\n',
    "no_utf_8": "\udcff\udcfe",
}


@cases(
    "EX-040",
    "A wrong alertwire.toml: exit code 78 and one line that names the file",
    ((name, Setup(), text) for name, text in _WRONG_FILES.items()),
    alone=True,
)
def refuses_a_file(bench: Bench, text: str) -> None:
    bench.write_config(text)
    refuses_to_start(bench, bench.config.name)


@case(
    "EX-050",
    "A health port that is taken: exit code 78 and one line that names the setting",
    alone=True,
)
def refuses_a_taken_port(bench: Bench) -> None:
    taken = bench.gateway.endpoint.rpartition(":")[2]
    variable = "ALERTWIRE_CONSUMER_HEALTH_PORT"
    refuses_to_start(bench, variable, {variable: taken})


@case("EX-060", "Without a health port it serves none, and works", alone=True)
def needs_no_health_port(bench: Bench) -> None:
    bench.start(changes={"ALERTWIRE_CONSUMER_HEALTH_PORT": "0"})
    bench.heartbeat()
    bench.carry_one()


def refuses_to_start(bench: Bench, named: str, changes: dict[str, str] | None = None) -> None:
    """Expect exit code 78, and one line on stderr that holds `named`."""
    subject = bench.start(changes=changes)
    code = subject.exit_code()
    expect(
        code == EXIT_CONFIGURATION,
        f"it ended with {code} and not with {EXIT_CONFIGURATION}; {subject.said()}",
    )
    lines = subject.errors.read_text(errors="replace").splitlines()
    reasons = [line for line in lines if not line.startswith("{")]
    expect(len(reasons) == 1, f"the reason must be one line on stderr; {subject.said()}")
    expect(named in reasons[0], f"the reason does not name {named}: {reasons[0][:300]}")
