"""Run many days, or show one: `python -m tests.simulation --seeds 100000 --jobs 2`."""

import argparse
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.day import run_day
from tests.simulation.oracle import Violation
from tests.simulation.world import passing_values

BLOCK = 200


def run_block(first: int, count: int) -> tuple[Counter[str], list[str]]:
    """Run days one after the other; return their totals and what was broken."""
    totals: Counter[str] = Counter()
    broken = []
    with passing_values():
        for seed in range(first, first + count):
            totals["seeds"] += 1
            try:
                tally = run_day(seed)
            except Violation as violation:
                totals["violations"] += 1
                broken.append(str(violation))
            else:
                totals["events"] += tally.events
                totals += tally.counts
    return totals, broken


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--seed", type=int, help="one day")
    parser.add_argument("--trace", action="store_true", help="print each event of that day")
    parser.add_argument("--seeds", type=int, default=10_000, help="so many days")
    parser.add_argument("--first", type=int, default=0, help="the first of their seeds")
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    if given.seed is not None:
        with passing_values():
            try:
                tally = run_day(given.seed, print if given.trace else None)
            except Violation as violation:
                print(violation)
                return 1
        print(f"seed {given.seed}: {tally.events} events", dict(tally.counts))
        return 0
    started_s = time.monotonic()
    totals: Counter[str] = Counter()
    firsts = range(given.first, given.first + given.seeds, BLOCK)
    counts = [min(BLOCK, given.first + given.seeds - first) for first in firsts]
    with ProcessPoolExecutor(given.jobs) as pool:
        for number, (block, broken) in enumerate(pool.map(run_block, firsts, counts), start=1):
            totals += block
            for violation in broken:
                print(violation, flush=True)
            if number % 25 == 0 or number == len(counts):
                seconds = time.monotonic() - started_s
                rate = totals["seeds"] / seconds
                print(f"{seconds:7.0f} s  {rate:5.0f} seeds/s  {dict(totals)}", flush=True)
    return 1 if totals["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
