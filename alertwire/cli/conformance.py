"""`conformance`: the suite of the executor's contract, run on any program."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from alertwire.conformance import runner
from alertwire.conformance.case import all_cases
from alertwire.conformance.runner import Program, Result
from alertwire.faults import ConfigurationError


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command()(conformance)


def conformance(
    command: Annotated[
        str, typer.Argument(help="The executor: its path, or its command in quotes.")
    ] = "",
    case: Annotated[
        list[str] | None,
        typer.Option(help="Only this case, such as EX-110 or EX-100/void; may be repeated."),
    ] = None,
    known_failures: Annotated[
        Path | None,
        typer.Option(help="File of cases that fail, `EX-110 why` on each line: they must."),
    ] = None,
    peer: Annotated[
        str, typer.Option(help="The executor that works beside it in EX-600; default: ours.")
    ] = "",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object per case.")] = False,
    list_cases: Annotated[bool, typer.Option("--list", help="List the cases and end.")] = False,
) -> None:
    """Run the conformance suite on an executor in any language, over its real sockets.

    alertwire conformance build/executor-go --case EX-110

    The program is started as `./my-executor`, with its settings in the environment, between a
    producer and gateways that the suite plays. consumer/README.md is the contract. Exits with 1
    where a case failed that is not known to, or passed that is known to fail.
    """
    if list_cases:
        for one in all_cases():
            print(f"{one.id}  {one.title}")
        return
    if not command:
        raise ConfigurationError("name the executor: alertwire conformance ./my-executor")
    program = Program(
        runner.read_command(command),
        runner.read_command(peer) if peer else (sys.executable, "-m", "consumer"),
    )
    known = runner.read_known_failures(known_failures) if known_failures else {}
    console = Console(highlight=False, soft_wrap=True)

    def tell(result: Result) -> None:
        if not as_json:
            _show(console, result, known)

    results = runner.run(program, runner.chosen(case or ()), tell)
    if as_json:
        print(runner.as_json(results))
    surprises = [result for result in results if result.passed == (result.id in known)]
    if not as_json:
        passed = sum(result.passed for result in results)
        console.print(f"{passed} of {len(results)} cases passed, {len(surprises)} unexpected")
    sys.exit(1 if surprises else 0)


def _show(console: Console, result: Result, known: dict[str, str]) -> None:
    mark = "[green]✓[/]" if result.passed else "[red]✗[/]"
    console.print(f"{mark} {result.id:<32} ", end="")
    console.print(result.title, markup=False)
    if result.deviation:
        console.print(f"    {result.deviation}", markup=False)
    if result.id in known:
        reason = known[result.id] or "a known failure"
        console.print(f"    known: {reason}" if result.deviation else "    but is listed as known")
