"""EX-031 to EX-047: the edges of what is configured, where programs like to differ."""

from decimal import Decimal
from typing import Final

from alertwire.conformance import vectors
from alertwire.conformance.bench import Bench, Setup
from alertwire.conformance.case import case, cases
from alertwire.conformance.cases.start import refuses_to_start
from alertwire.conformance.subject import Deviation, expect
from alertwire.wire.delivery import Outcome

_WRONG_LINES: Final = {
    "bare_name": "ALERTWIRE_HOME",
    "colon": "ALERTWIRE_HOME: ./var",
    "two_words": "ALERTWIRE HOME=./var",
    "quote_not_closed": "ALERTWIRE_HOME='./var",
    "after_the_quote": 'ALERTWIRE_HOME="./var"x',
    "no_utf_8": "ALERTWIRE_HOME=\udcff",
}


@case(
    "EX-031",
    "`.env` says what the environment does not; empty is not said; its forms are read alike",
    alone=True,
)
def reads_dotenv(bench: Bench) -> None:
    host, _, port = bench.gateway.endpoint.rpartition(":")
    _write_dotenv(
        bench,
        "\ufeff# the first line, after a byte order mark\r\n"
        f"PORT = {port}\t# of the gateway\r\n"
        f'export ALERTWIRE_COMMANDS_ENDPOINT="{host}:${{PORT}}" # quoted\n'
        f"ALERTWIRE_ALERTS_ENDPOINT='{bench.producer.alerts.endpoint}'\n"
        "ALERTWIRE_CONFIG= # nothing\n"
        "ALERTWIRE_ACKS_ENDPOINT=tcp://127.0.0.1:1\n",
    )
    bench.start(changes={"ALERTWIRE_COMMANDS_ENDPOINT": "", "ALERTWIRE_ALERTS_ENDPOINT": ""})
    bench.heartbeat()
    bench.carry_one()


@cases(
    "EX-032",
    "A line of `.env` that is neither NAME=VALUE nor a comment: exit code 78, the file named",
    ((name, Setup(), line) for name, line in _WRONG_LINES.items()),
    alone=True,
)
def refuses_a_line(bench: Bench, line: str) -> None:
    _write_dotenv(bench, f"# what follows is wrong\n{line}\n")
    refuses_to_start(bench, ".env")


@case("EX-033", "An unknown or small-letter name in `.env`: exit code 78, named", alone=True)
def refuses_a_name_in_dotenv(bench: Bench) -> None:
    for name in ("ALERTWIRE_HOEM", "alertwire_home"):
        _write_dotenv(bench, f"{name}=./var\n")
        refuses_to_start(bench, name)


@case("EX-034", "A secret given twice, or in a file that holds none: exit code 78", alone=True)
def refuses_a_secret(bench: Bench) -> None:
    variable = "ALERTWIRE_WEBHOOK_TOKEN_FILE"
    secret = bench.folder / "secret"
    for content in (None, b"", b" \n", b"x" * 5000, b"\xff\xfe"):
        if content is not None:
            secret.write_bytes(content)
        try:
            refuses_to_start(bench, variable, {variable: str(secret)})
        except Deviation as seen:
            held = (
                "is not there"
                if content is None
                else f"holds {content[:8]!r}, {len(content)} bytes"
            )
            raise Deviation(f"{secret} {held}: {seen}") from None
    refuses_to_start(bench, variable, {variable: str(bench.folder)})
    secret.write_bytes(b"0123456789abcdef\n")
    twice = {variable: str(secret), "ALERTWIRE_WEBHOOK_TOKEN": "0123456789abcdef"}
    refuses_to_start(bench, variable, twice)


_FILES: Final = {
    "number_with_exponent": ('accounts = [{id = "DU1", multiplier = 1e1}]', Decimal(10)),
    "number_with_sign": ('accounts = [{id = "DU1", multiplier = +2}]', Decimal(2)),
    "number_with_underscore": ('accounts = [{id = "DU1", multiplier = 1_000}]', Decimal(1000)),
    "small_number": ('accounts = [{id = "DU1", multiplier = 0.000001}]', Decimal("0.000001")),
    "text": ('accounts = [{id = "DU1", multiplier = "2.50"}]', Decimal("2.5")),
    "one": ('accounts = [{id = "DU1", multiplier = "1.000"}]', None),
}


@cases(
    "EX-045",
    "A multiplier is a number as TOML has them, or such a decimal as text",
    (
        (name, Setup(toml=f"[routes.default]\n{line}\n"), factor)
        for name, (line, factor) in _FILES.items()
    ),
    alone=True,
)
def reads_a_multiplier(bench: Bench, factor: Decimal | None) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    found = asked.command.multiplier
    expect(found == factor, f"the multiplier was {found} and not {factor}")
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)


@case(
    "EX-046",
    "alertwire.toml with a byte order mark and lines that end as on Windows is read",
    Setup(toml='\ufeff[routes.default]\r\naccounts = ["DU1111111"]\r\n'),
    alone=True,
)
def reads_the_file_of_another_system(bench: Bench) -> None:
    delivery = vectors.alert()
    bench.ready().deliver(delivery)
    asked = bench.asked(delivery)
    expect(asked.command.account == "DU1111111", f"the account was {asked.command.account!r}")
    asked.reply()
    bench.decided(delivery, Outcome.ACCEPTED)


def _write_dotenv(bench: Bench, text: str) -> None:
    (bench.folder / ".env").write_bytes(text.encode("utf-8", "surrogateescape"))
