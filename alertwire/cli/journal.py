"""`journal verify | export | prune`: the operator's commands on the journal."""

import csv
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Final, TextIO

import typer
from sqlalchemy import Engine

from alertwire.cli.databases import journal_engine, ledger_engine
from alertwire.cli.lists import AsJson, plain
from alertwire.cli.moments import MOMENT_HELP, read_moment
from alertwire.faults import ConfigurationError
from alertwire.journal import export as exporting
from alertwire.journal import retention
from alertwire.journal.database import open_database
from alertwire.journal.verification import Verification
from alertwire.logs import redactor
from alertwire.routes import load_routes
from alertwire.settings import Settings, load_settings

PROGRESS_S: Final = 2.0

app = typer.Typer(
    no_args_is_help=True,
    help="Check, export and prune the journal.\n\n"
    "alertwire journal verify\n\nalertwire journal export --since 30d alerts.jsonl\n\n"
    "alertwire journal prune --before 90d --dry-run",
)


class Format(str, Enum):  # noqa: UP042 - see alertwire.settings
    """How an export is written."""

    JSONL = "jsonl"
    CSV = "csv"


def register(main: typer.Typer) -> None:
    """Add the verbs."""
    app.command()(verify)
    app.command()(export)
    app.command()(prune)
    main.add_typer(app, name="journal")


def verify(as_json: AsJson = False) -> None:
    """Check that the journal is whole and agrees with the gateway's ledger. Changes nothing.

    alertwire journal verify

    Looks at SQLite's own integrity, at the numbers and order of every key, at each alert's end and
    reason, at each command of the ledger and at the fences. Prints a line per finding and exits
    with 1 where there is any. Works beside running processes.
    """
    settings = load_settings()
    progress = _Progress()
    with _reading(settings) as (journal, ledger):
        checked = Verification(journal, ledger, datetime.now(UTC), elsewhere=_elsewhere(settings))
        checked.on_batch = lambda: progress.tell(_told(checked.counts))
        findings = 0
        for finding in checked.findings():
            findings += 1
            print(json.dumps({"finding": finding}) if as_json else finding)
    # Whoever reads JSON counts the lines.
    out = sys.stderr if as_json else sys.stdout
    print(f"checked: {_told(checked.counts) or 'an empty journal'}", file=out)
    print(f"{findings} findings" if findings else "nothing is wrong", file=out)
    if findings:
        sys.exit(1)


def export(
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to write it; standard output where none is named."),
    ] = None,
    since: Annotated[str, typer.Option(help=f"Accepted since then: {MOMENT_HELP}.")] = "",
    until: Annotated[str, typer.Option(help="Accepted before then; written alike.")] = "",
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = Format.JSONL,
) -> None:
    """Write out alerts with their raw bodies and outcomes, commands, orders, fills and refusals.

    alertwire journal export --since 2026-11-01 --until 2026-12-01 november.jsonl

    alertwire journal export --format csv | grep ^fill

    One record per line, its kind first; an alert's records follow it. Tokens are replaced as in the
    logs. A file is there whole or not at all.
    """
    settings = load_settings()
    now = datetime.now(UTC)
    start = read_moment(since, "--since", now) if since else None
    end = read_moment(until, "--until", now) if until else None
    clean = redactor(load_routes(settings, with_tokens=True).secrets())
    progress = _Progress()
    with _reading(settings) as (journal, ledger), _target(file) as out:
        write = _writer(form, out)
        count = 0
        for record in exporting.records(journal, ledger, start, end):
            write(clean(None, "", {name: plain(value) for name, value in record.items()}))
            count += 1
            if file is not None:
                progress.tell(f"{count} records")
    if file is not None:
        print(f"{count} records in {file}", file=sys.stderr)


def prune(
    before: Annotated[
        str, typer.Option(help=f"Remove what was decided before then: {MOMENT_HELP}.")
    ],
    dry_run: Annotated[
        bool, typer.Option(help="Say how much it would be; remove nothing.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove old alerts that are decided, with their attempts, and old refusals.

    alertwire journal prune --before 90d --dry-run

    Never removed: what is undecided, parked or late; the newest alert of each ordering key; what is
    younger than 7 days. The gateway's ledger is left alone. Works beside a running producer. Export
    first what you want to keep.
    """
    settings = load_settings()
    now = datetime.now(UTC)
    limit = read_moment(before, "--before", now)
    if limit > now - retention.AGE_MIN:
        raise ConfigurationError(
            f"--before {before}: what is younger than {retention.AGE_MIN.days} days is kept, "
            f"because it still tells duplicates apart; give {retention.AGE_MIN.days}d or more"
        )
    with _reading(settings) as (journal, _):
        found = retention.removable(journal, limit)
        told = f"{found.alerts} alerts and {found.refusals} refusals from before {limit:%F %T} UTC"
        if dry_run or found == retention.Removed():
            print(f"would remove {told}")
            return
        if not yes and not sys.stdin.isatty():
            raise ConfigurationError(f"would remove {told}; say --yes where nobody can be asked")
        if not yes and not typer.confirm(f"Remove {told}?"):
            raise typer.Abort
        _prune(settings, journal, limit)


def _prune(settings: Settings, journal: Engine, limit: datetime) -> None:
    progress = _Progress()
    done = retention.Removed()
    writer = open_database(settings.journal_location, setting="ALERTWIRE_JOURNAL_URL")
    try:
        for done in retention.prune(journal, writer, limit):
            progress.tell(f"{done.alerts} alerts, {done.refusals} refusals")
    finally:
        writer.dispose()
    print(f"removed {done.alerts} alerts and {done.refusals} refusals")


def _elsewhere(settings: Settings) -> frozenset[str]:
    routes = load_routes(settings).by_name.values()
    accounts = [account for route in routes for account in route.accounts]
    return frozenset(account.id for account in accounts if account.gateway)


class _Progress:
    """Says on stderr how far a long run is, now and then."""

    def __init__(self) -> None:
        self._next_s = time.monotonic() + PROGRESS_S

    def tell(self, text: str) -> None:
        if time.monotonic() >= self._next_s:
            self._next_s = time.monotonic() + PROGRESS_S
            print(f"… {text}", file=sys.stderr, flush=True)


@contextmanager
def _reading(settings: Settings) -> Iterator[tuple[Engine, Engine | None]]:
    journal = journal_engine(settings)
    if journal is None:
        raise ConfigurationError("there is no journal yet; the producer's first start makes it")
    ledger = ledger_engine(settings)
    try:
        yield journal, ledger
    finally:
        journal.dispose()
        if ledger is not None:
            ledger.dispose()


@contextmanager
def _target(file: Path | None) -> Iterator[TextIO]:
    """Open the file, which gets its name at the end, readable by its owner only."""
    if file is None:
        yield sys.stdout
        return
    draft = file.with_name(f".{file.name}.part")
    try:
        draft.touch(mode=0o600)
        with draft.open("w", encoding="utf-8", newline="") as out:
            yield out
        draft.replace(file)
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be written: {error.strerror}") from error
    finally:
        draft.unlink(missing_ok=True)


def _writer(form: Format, out: TextIO) -> Any:
    if form is Format.JSONL:
        return lambda record: out.write(f"{json.dumps(record, ensure_ascii=False)}\n")
    table = csv.DictWriter(out, exporting.columns(), lineterminator="\n")
    table.writeheader()
    return table.writerow


def _told(counts: dict[str, int]) -> str:
    return ", ".join(f"{count} {subject}" for subject, count in counts.items())
