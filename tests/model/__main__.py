"""`python -m tests.model`: explore the delivery protocol exhaustively and print what came of it."""

import argparse
import sys
from collections.abc import Sequence
from time import monotonic
from typing import Final

from tests.model.cases import LARGE, LAYERS, MUTANTS, SMALL, Case
from tests.model.explorer import Result, tell
from tests.model.state import Model

SIZES: Final = {"small": SMALL, "large": (*SMALL, *LARGE)}
STATES_MAX: Final = 4_000_000
EPILOG: Final = """\
What is modelled: door and dispatcher, any number of executors, gateway, broker; kill -9 of any of
them, lost, repeated and late messages and cut connections, as often as they like. A line says
"holds" when every reachable state was visited, none of them breaks LOST, DUPLICATE, ORDER, UNTRUE
or OVERTAKEN, and from each a path without faults leads to the end of every alert. Removing a
safeguard must break the invariant named beside it, unless it is listed as a second layer.
Docstrings in tests/model say what each safeguard and invariant is, and what the model leaves out.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if everything came out as expected."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.model",
        description=__doc__,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--size",
        choices=SIZES,
        default="large",
        help="small: as in `make test`, seconds; large: minutes (default)",
    )
    parser.add_argument(
        "--trace",
        metavar="TEXT",
        help="print the steps of every counterexample whose name contains TEXT ('' for all)",
    )
    chosen = parser.parse_args(arguments)
    is_expected = True
    states = transitions = 0
    began_s = monotonic()
    for title, cases in (
        ("The protocol", SIZES[chosen.size]),
        ("A safeguard removed: must break", MUTANTS),
        ("Second layers: removed alone, nothing breaks", LAYERS),
    ):
        print(f"\n{title}\n")
        print(f"{'states':>10} {'transitions':>12} {'seconds':>8} {'steps':>5}  verdict    case")
        for case in cases:
            result = _run(case, chosen.trace)
            is_expected &= result.said == case.expected
            states += result.states
            transitions += result.transitions
    seconds = monotonic() - began_s
    print(f"\n{states:,} states and {transitions:,} transitions in {seconds:,.0f} s")
    print("all as expected" if is_expected else "NOT as expected")
    return 0 if is_expected else 1


def _run(case: Case, wanted: str | None) -> Result:
    result = case.explore(states_max=STATES_MAX, progress=_progress)
    is_expected = result.said == case.expected
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    mark = "" if is_expected else f"  <- expected {case.expected}"
    length = str(len(result.trace)) if result.trace else ""
    print(
        f"{result.states:>10,} {result.transitions:>12,} {result.seconds:>8.1f} {length:>5}  "
        f"{result.said:<9}  {case.name}{mark}",
        flush=True,
    )
    if result.trace and (not is_expected or (wanted is not None and wanted in case.name)):
        print(_indented(case, result))
    return result


def _indented(case: Case, result: Result) -> str:
    return "\n".join(f"    {line}" for line in tell(Model(case.world), result.trace).splitlines())


def _progress(done: int, found: int, seconds: float) -> None:
    if sys.stderr.isatty() and done:
        text = f"\r\033[K{done:,} of {found:,} states visited, {done / seconds:,.0f} states/s"
        print(text, end="", flush=True, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
