"""What a case is: a stable id, a sentence, a setup and what must happen."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from alertwire.conformance.bench import Bench, Setup

Body = Callable[[Bench], None]

PLAIN: Final = Setup()
"""No alertwire.toml, no keys, one gateway."""


@dataclass(frozen=True, slots=True)
class Case:
    """One thing that an executor must do.

    `number` is for ever: a case that goes leaves its number unused. Cases made of data share one,
    and are told apart by a name: `EX-100/buy_market`.
    """

    number: str
    title: str
    body: Body
    setup: Setup
    is_alone: bool
    """Has an executor for itself: for what kills it, or leaves it with work in hand."""
    is_slow: bool
    """Waits for a timer of the contract."""
    name: str = ""

    @property
    def id(self) -> str:
        return f"{self.number}/{self.name}" if self.name else self.number


_CASES: Final[dict[str, Case]] = {}


def case(
    number: str, title: str, setup: Setup = PLAIN, *, alone: bool = False, slow: bool = False
) -> Callable[[Body], Body]:
    """Register a case."""

    def register(body: Body) -> Body:
        _add(Case(number, title, body, setup, alone or slow, slow))
        return body

    return register


def cases(
    number: str,
    title: str,
    data: Iterable[tuple[str, Setup, Any]],
    *,
    alone: bool = False,
) -> Callable[[Callable[[Bench, Any], None]], Callable[[Bench, Any], None]]:
    """Register a case for each row of data: its name, its setup, and what the body gets of it."""

    def register(body: Callable[[Bench, Any], None]) -> Callable[[Bench, Any], None]:
        for name, setup, given in data:
            _add(Case(number, title, partial(_call, body, given), setup, alone, False, name))
        return body

    return register


def all_cases() -> list[Case]:
    """Return every case in the order of the ids."""
    from alertwire.conformance import cases as _register  # noqa: F401, PLC0415 - it needs us first

    return [_CASES[each] for each in sorted(_CASES)]


def _call(body: Callable[[Bench, Any], None], given: Any, bench: Bench) -> None:
    body(bench, given)


def _add(case: Case) -> None:
    if case.id in _CASES:
        raise ValueError(f"{case.id} is there twice")
    _CASES[case.id] = case
