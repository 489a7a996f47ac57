"""EX-010 to EX-090: how it starts, and how it refuses to."""

from collections.abc import Iterator
from typing import Any, Final

from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.subject import Subject, expect
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


_ARGUMENTS: Final = {
    "word": ("sideways",),
    "option": ("--sideways",),
    "option_with_a_value": ("--version=false",),
    "no_more_options": ("--",),
    "before_help": ("sideways", "--help"),
}


@cases(
    "EX-015",
    "An argument that it does not know: exit code 78 and one line that names it",
    ((name, Setup(), arguments) for name, arguments in _ARGUMENTS.items()),
    alone=True,
)
def refuses_an_argument(bench: Bench, arguments: tuple[str, ...]) -> None:
    refuses_to_start(bench, arguments[0], arguments=arguments)


@case("EX-016", "--version says its version and ends with 0", alone=True)
def tells_its_version(bench: Bench) -> None:
    subject = bench.start("--version")
    expect(subject.exit_code() == 0, f"--version ended with {subject.popen.returncode}")
    shown = subject.out.read_text(errors="replace")
    expect(any(sign.isdigit() for sign in shown), f"--version said {shown[:80]!r}")


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
        ("health_port_sign", "ALERTWIRE_CONSUMER_HEALTH_PORT", "+8080"),
        ("health_port_underscore", "ALERTWIRE_CONSUMER_HEALTH_PORT", "80_80"),
        ("health_port_fraction", "ALERTWIRE_CONSUMER_HEALTH_PORT", "8080.0"),
        ("small_letters", "alertwire_log_level", "debug"),
        ("transport", "ALERTWIRE_TRANSPORT", "carrier-pigeon"),
        ("trading_mode", "ALERTWIRE_TRADING_MODE", "yolo"),
        ("secret_file_missing", "ALERTWIRE_JOURNAL_URL_FILE", "/nowhere/journal-url"),
        ("alerts_inproc", "ALERTWIRE_ALERTS_ENDPOINT", "inproc://alerts"),
        ("commands_inproc", "ALERTWIRE_COMMANDS_ENDPOINT", "inproc://commands"),
        ("commands_no_path", "ALERTWIRE_COMMANDS_ENDPOINT", "ipc://commands"),
        ("commands_no_socket", "ALERTWIRE_COMMANDS_ENDPOINT", "ipc:///dev/null"),
        ("commands_path_too_long", "ALERTWIRE_COMMANDS_ENDPOINT", "ipc:///" + "x" * 300),
        ("alerts_capitals", "ALERTWIRE_ALERTS_ENDPOINT", "TCP://127.0.0.1:5555"),
        ("alerts_mapped", "ALERTWIRE_ALERTS_ENDPOINT", "tcp://[::ffff:127.0.0.1]:5555"),
        ("alerts_no_port", "ALERTWIRE_ALERTS_ENDPOINT", "tcp://127.0.0.1"),
        ("alerts_port_0", "ALERTWIRE_ALERTS_ENDPOINT", "tcp://127.0.0.1:0"),
        ("acks_port_range", "ALERTWIRE_ACKS_ENDPOINT", "tcp://127.0.0.1:70000"),
        ("commands_two_lines", "ALERTWIRE_COMMANDS_ENDPOINT", "tcp://127.0.0.1\n:5557"),
        ("alerts_zone", "ALERTWIRE_ALERTS_ENDPOINT", "tcp://[::1%lo]:5555"),
        ("alerts_other_name", "ALERTWIRE_ALERTS_ENDPOINT", "tcp://localhost.example:5555"),
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
    "accounts_said_twice": '[routes.default]\naccounts = ["DU1"]\naccounts = ["DU2"]\n',
    "table_said_twice": '[[routes.default.accounts]]\nid = "DU1"\n'
    '[routes.default]\naccounts = ["DU2"]\n',
    "carriage_returns_alone": '[routes.default]\raccounts = ["DU1"]\r',
    "account_twice": '[routes.default]\naccounts = ["DU1", "DU1"]\n',
    "multiplier_zero": '[routes.default]\naccounts = [{id = "DU1", multiplier = "0"}]\n',
    "multiplier_no_number": '[routes.default]\naccounts = [{id = "DU1", multiplier = "x"}]\n',
    "multiplier_exponent": '[routes.default]\naccounts = [{id = "DU1", multiplier = "1e1"}]\n',
    "multiplier_sign": '[routes.default]\naccounts = [{id = "DU1", multiplier = "+2"}]\n',
    "multiplier_underscore": '[routes.default]\naccounts = [{id = "DU1", multiplier = "1_0"}]\n',
    "multiplier_blanks": '[routes.default]\naccounts = [{id = "DU1", multiplier = " 2 "}]\n',
    "multiplier_digits": '[routes.default]\naccounts = [{id = "DU1", multiplier = "٢"}]\n',
    "multiplier_point": '[routes.default]\naccounts = [{id = "DU1", multiplier = ".5"}]\n',
    "multiplier_places": '[routes.default]\naccounts = [{id = "DU1", multiplier = "1.0000000"}]\n',
    "multiplier_large": '[routes.default]\naccounts = [{id = "DU1", multiplier = 1000000}]\n',
    "multiplier_infinite": '[routes.default]\naccounts = [{id = "DU1", multiplier = inf}]\n',
    "multiplier_true": '[routes.default]\naccounts = [{id = "DU1", multiplier = true}]\n',
    "toml_1_1": '[routes.default]\naccounts = [{id = "DU1",}]\n',
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


def refuses_to_start(
    bench: Bench,
    named: str,
    changes: dict[str, str] | None = None,
    arguments: tuple[str, ...] = (),
) -> None:
    """Expect exit code 78, and one line on stderr that holds `named`."""
    expect_refusal(bench.start(*arguments, changes=changes), named)


def expect_refusal(subject: Subject, named: str) -> None:
    """Expect the end of a program that was started: as `refuses_to_start`."""
    code = subject.exit_code()
    expect(
        code == EXIT_CONFIGURATION,
        f"it ended with {code} and not with {EXIT_CONFIGURATION}; {subject.said()}",
    )
    lines = subject.errors.read_text(errors="replace").splitlines()
    reasons = [line for line in lines if not line.startswith("{")]
    expect(len(reasons) == 1, f"the reason must be one line on stderr; {subject.said()}")
    expect(named in reasons[0], f"the reason does not name {named}: {reasons[0][:300]}")
