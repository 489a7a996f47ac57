"""`python -m tests.chaos`: the command line."""

import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer

from alertwire.conformance.runner import read_command
from tests.chaos import table
from tests.chaos.campaign import Outcome, Plan, campaign
from tests.chaos.steps import STEPS, chosen
from tests.end_to_end.spartan_tws import SpartanTws

app = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)

VIOLATIONS_SHOWN_MAX = 20


def say(line: str) -> None:
    print(line, flush=True)


@app.command()
def run(
    seconds: Annotated[
        float, typer.Option(min=5, max=86_400, help="Length of all campaigns together.")
    ] = 480,
    seed: Annotated[int, typer.Option(help="What is killed when follows from it, and time.")] = 1,
    executors: Annotated[
        str,
        typer.Option(
            help="Executors in the PULL group, one campaign for each number; default: 1,2, or as "
            "many as there are commands."
        ),
    ] = "",
    executor_command: Annotated[
        list[str] | None,
        typer.Option(
            help="An executor's path or command, such as build/executor-go; `python` is ours. "
            "Given more than once: a mixed group, in turn."
        ),
    ] = None,
    steps: Annotated[
        str, typer.Option(help="Only steps whose names hold one of these words; see --list.")
    ] = "",
    rate: Annotated[float, typer.Option(min=0.5, max=500, help="Alerts per second.")] = 8,
    broker: Annotated[
        str, typer.Option(help="simulator, or spartan: a TWS that shares no code with it.")
    ] = "simulator",
    unsafe: Annotated[
        bool,
        typer.Option(
            "--unsafe",
            help="Negative control: a gateway without memory. Fails where no order is doubled.",
        ),
    ] = False,
    cold: Annotated[
        bool,
        typer.Option(
            "--cold",
            help="Start processes by their command, not by fork: fewer kills, honest recovery.",
        ),
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write everything found to this file.")
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Keep logs and databases in this folder.")
    ] = None,
    list_steps: Annotated[bool, typer.Option("--list", help="List the steps and end.")] = False,
) -> None:
    """Kill processes of a whole installation step by step, and count at the broker.

    Alerts are posted over many keys while the producer, the executors and the gateway are killed
    with kill -9, before or after each frame that marks a step of the delivery protocol, and at
    random; while the broker drops, mutes, rejects, restarts and fills late; and while journal and
    ledger are locked and, for root, the disk is full. Then there is peace, and every accepted alert
    is held against the broker's own book.

    Exit code 1 where an alert was lost, doubled, out of order or its outcome untrue. With the same
    seed the order of steps is the same; what they meet depends on the machine's timing.
    """
    if list_steps:
        for step in STEPS:
            say(f"{step.name}: {step.when.value} ({step.kind})")
        return
    try:
        selected = tuple(chosen(steps))
        commands = tuple(map(_command, executor_command or ()))
        numbers = [int(n) for n in (executors or str(len(commands) or "1,2")).split(",")]
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    outcomes = []
    for number in numbers:
        plan = Plan(
            seconds=seconds / len(numbers),
            executors=number,
            seed=seed + number,
            rate_per_s=rate,
            steps=selected,
            is_unsafe=unsafe,
            is_cold=cold,
            executor_commands=commands,
        )
        say(f"{broker}, {number} executors, seed {plan.seed}, {plan.seconds:g} s")
        outcomes.append(_fight(plan, broker, keep))
        say(f"{table.HEAD}\n{table.summary(broker, outcomes[-1])}")
    _tell(broker, outcomes)
    if json_file is not None:
        found = [table.as_json(broker, outcome) for outcome in outcomes]
        json_file.write_text(json.dumps(found, indent=1, default=str))
    sys.exit(_exit_code(outcomes, is_unsafe=unsafe))


def _command(text: str) -> tuple[str, ...]:
    return () if text == "python" else read_command(text)


def _fight(plan: Plan, broker: str, keep: Path | None) -> Outcome:
    home = None
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix=f"{plan.executors}-", dir=keep))
        say(f"logs in {home}")
    with ExitStack() as stack:
        foreign = _foreign(broker)
        if foreign is not None:
            stack.callback(foreign.close)
        return stack.enter_context(campaign(plan, say, foreign, home)).run(say)


def _foreign(broker: str) -> SpartanTws | None:
    if broker == "simulator":
        return None
    if broker != "spartan":
        raise typer.BadParameter(f"no broker {broker!r}; there are simulator and spartan")
    return SpartanTws()


def _tell(broker: str, outcomes: list[Outcome]) -> None:
    say(f"\n{table.HEAD}")
    for outcome in outcomes:
        say(table.summary(broker, outcome))
    violations = [line for outcome in outcomes for line in outcome.verdict.violations]
    if not violations:
        say(f"\n{table.bound(outcomes)}")
    say(f"\n{table.attempts_line(outcomes)}")
    say(f"\n{table.recovery_table(outcomes)}\n\n{table.steps_table(outcomes)}\n")
    for outcome in outcomes:
        say(f"outcomes {dict(outcome.verdict.outcomes)}, troubles {dict(outcome.troubles)}")
        say(
            f"not accepted {outcome.verdict.not_accepted}, placed again {outcome.repeated}"
            f" ({outcome.duplicates_refused} refused as duplicates),"
            f" starts refused while a database could not be written {outcome.refused_starts}"
        )
        for line in outcome.verdict.parked[:VIOLATIONS_SHOWN_MAX]:
            say(f"parked: {line}")
        for line in outcome.crashes[:VIOLATIONS_SHOWN_MAX]:
            say(f"CRASHED: {line}")
    for line in violations[:VIOLATIONS_SHOWN_MAX]:
        say(f"VIOLATION: {line}")


def _exit_code(outcomes: list[Outcome], *, is_unsafe: bool) -> int:
    if is_unsafe:
        return int(not all(outcome.verdict.doubled for outcome in outcomes))
    return int(any(outcome.verdict.violations or outcome.crashes for outcome in outcomes))


if __name__ == "__main__":
    app()
