"""Subject and floor taken in turns, and what their medians say of each other."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Generic, TypeVar

T = TypeVar("T")

FLOOR: Final = "floor"
"""The contestant that the others are divided by."""


@dataclass(frozen=True, slots=True)
class Turn(Generic[T]):
    """One measurement: whose it is, in which round."""

    contestant: str
    round: int
    result: T


def interleaved(
    runs: Mapping[str, Callable[[], T]], rounds: int, announce: Callable[[str], None]
) -> Iterator[Turn[T]]:
    """Run each in turn, `rounds` times: what the machine does meanwhile, it does to all."""
    for number in range(1, rounds + 1):
        for contestant, run in runs.items():
            announce(f"{contestant}, round {number} of {rounds}")
            yield Turn(contestant, number, run())


def ratio_of_medians(subject: Sequence[float], floor: Sequence[float]) -> float | None:
    """Return subject to floor: of rates, more is better; of times, less is. None without both."""
    if not subject or not floor or not median(floor):
        return None
    return median(subject) / median(floor)
