"""`doctor`: is everything in place, and if not, what to do."""

import json
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass

import typer
from rich.console import Console
from rich.markup import escape
from sqlalchemy import Engine, select, text

from alertwire import __version__
from alertwire.cli import keys, probes
from alertwire.cli.databases import journal_engine, ledger_engine
from alertwire.cli.lists import AsJson
from alertwire.faults import ConfigurationError
from alertwire.journal.database import DatabaseUnreadable
from alertwire.journal.letters import WAITING, count_dead
from alertwire.journal.tables import metadata
from alertwire.routes import load_routes
from alertwire.settings import LIVE, PAPER_ACCOUNT_PREFIXES, Settings, TradingMode, load_settings


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at; `remedy` is empty when it is well."""

    subject: str
    found: str
    remedy: str = ""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(doctor)


def doctor(as_json: AsJson = False) -> None:
    """Look at settings, folders, processes and broker; say what is wrong and what mends it.

    alertwire doctor

    Exits with 0 when all is well, 1 otherwise.
    """
    findings = list(examine())
    console = Console(highlight=False, soft_wrap=True)
    for finding in findings:
        if as_json:
            print(json.dumps(asdict(finding)))
        else:
            mark = "[red]✗[/]" if finding.remedy else "[green]✓[/]"
            found = escape(finding.found).replace(LIVE, f"[bold red]{LIVE}[/]")
            console.print(f"{mark} {escape(finding.subject)}: {found}")
            if finding.remedy:
                console.print(f"    → {finding.remedy}", markup=False)
    if any(finding.remedy for finding in findings):
        sys.exit(1)


def examine() -> Iterator[Finding]:
    """Look at one thing after the other."""
    yield Finding("version", f"Alertwire {__version__}, Python {sys.version.split()[0]}")
    try:
        settings = load_settings()
        routes = load_routes(settings)
    except ConfigurationError as error:
        yield Finding("settings", "wrong", str(error))
        return
    yield Finding("settings", f"routes {', '.join(routes.by_name)}; mode {_mode(settings)}")
    yield _disk(settings)
    yield _database("journal", settings, journal_engine)
    yield _database("ledger", settings, ledger_engine)
    yield from _dead_letters(settings)
    yield Finding("bus", *keys.examine(settings))
    reason = probes.why_producer_not_ready(settings)
    remedy = "start it: alertwire producer" if reason.startswith("no answer") else reason
    yield Finding("producer", reason or "takes alerts", remedy)
    if not reason:
        alone = probes.why_no_executor(settings)
        yield Finding("consumer", alone or "takes alerts", alone and "start it: alertwire consumer")
    yield _broker(settings)
    yield from _gateway(settings)
    for name, gateway in routes.gateways.items():
        reason = probes.why_no_peer(gateway.commands_endpoint)
        yield Finding(
            f"gateway {name}",
            reason or f"listens on {gateway.commands_endpoint}",
            reason
            and "start it: alertwire gateway, with an ALERTWIRE_HOME of its own, see "
            "docs/deploy.md",
        )


def _mode(settings: Settings) -> str:
    return LIVE if settings.trading_mode is TradingMode.LIVE else settings.trading_mode.value


def _disk(settings: Settings) -> Finding:
    try:
        settings.home.mkdir(parents=True, exist_ok=True)
        probe = settings.home / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
        free_mib = shutil.disk_usage(settings.home).free // 2**20
    except OSError as error:
        return Finding(
            "data folder",
            f"{settings.home}: {error.strerror}",
            "make it writable, or set ALERTWIRE_HOME",
        )
    return Finding(
        "data folder",
        f"{settings.home}, {free_mib} MiB free",
        ""
        if free_mib >= settings.disk_free_min_mib
        else f"free {settings.disk_free_min_mib} MiB on this disk: the webhook answers 503",
    )


def _dead_letters(settings: Settings) -> Iterator[Finding]:
    """Count what did not become an order; what waits for a person is no small matter."""
    try:
        engine = journal_engine(settings)
        if engine is None:
            return
        with engine.connect() as connection:
            counts = count_dead(connection)
        engine.dispose()
    except ConfigurationError:
        # Whoever looks at the journal has said why.
        return
    told = ", ".join(f"{count} {name.lower()}" for name, count in sorted(counts.items()))
    waits = any(name in counts for name in WAITING)
    yield Finding("dead letters", told or "none", "alertwire alerts --dead" if waits else "")


def _database(
    name: str, settings: Settings, opened: Callable[[Settings], Engine | None]
) -> Finding:
    engine = None
    try:
        engine = opened(settings)
        if engine is None:
            return Finding(name, "not made yet; the first start makes it")
        with engine.connect() as connection:
            check = "PRAGMA quick_check" if engine.dialect.name == "sqlite" else "SELECT 'ok'"
            found = connection.execute(text(check)).scalar()
            for table in metadata.sorted_tables:
                connection.execute(select(table).limit(0))
    except DatabaseUnreadable as error:
        return Finding(name, f"cannot be read: {error.reason}", error.remedy)
    except ConfigurationError as error:
        return Finding(name, "cannot be used", str(error))
    finally:
        if engine is not None:
            engine.dispose()
    return Finding(
        name,
        str(found),
        "" if found == "ok" else "stop Alertwire and restore the file from a backup",
    )


def _broker(settings: Settings) -> Finding:
    reason = probes.why_not_listening(settings.ib_host, settings.ib_port)
    remedy = (
        "start the simulator: alertwire simulator"
        if settings.is_simulated
        else "start TWS or IB Gateway, log in, and enable its API socket on this port"
    )
    return Finding(
        "broker", reason or f"listens on {settings.ib_host}:{settings.ib_port}", reason and remedy
    )


def _gateway(settings: Settings) -> Iterator[Finding]:
    answer = probes.gateway_answer(settings)
    status = answer.status if answer else None
    if answer is None or status is None:
        yield Finding("gateway", "does not answer", "start it: alertwire gateway")
        return
    yield Finding(
        "gateway",
        "ready" if status.ready else f"not ready: {status.reason}",
        "" if status.ready else "mend what it names; it tries again by itself",
    )
    if status.accounts:
        strangers = [a for a in status.accounts if not a.startswith(PAPER_ACCOUNT_PREFIXES)]
        is_paper = settings.trading_mode is TradingMode.PAPER
        yield Finding(
            "accounts",
            f"{', '.join(status.accounts)} ({_mode(settings)})",
            f"{strangers[0]} is no paper account: log the broker in to paper trading"
            if is_paper and strangers
            else "",
        )
    for halt in status.halts:
        yield Finding("halt", halt.words, "it lets no new order through until you resume it")
    for bare in answer.findings:
        yield Finding("protection", bare, "protect it, modify sets a new stop, or close it")
    if status.unknown_commands:
        yield Finding(
            "orders",
            f"{status.unknown_commands} commands nobody can decide but you",
            "compare with TWS, and decide: alertwire resolve",
        )
