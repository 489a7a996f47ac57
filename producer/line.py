"""The heads that wait to be sent: what closes or cancels before what opens, else first come first.

A burst of entries drains at the broker's pace, in seconds; an exit that came last must not wait so
long. Within a key nothing is overtaken: only its head ever stands here.
"""

from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from alertwire.wire.alert import Action

FIRST: Final = frozenset({Action.EXIT, Action.CANCEL, Action.FLATTEN, Action.MODIFY})
"""Actions that close, cancel or protect."""


class Head(Protocol):
    """An alert that is sent next of its key."""

    goes_first: bool


T = TypeVar("T", bound=Head)


class Line(Generic[T]):
    """Heads in the order in which they are sent."""

    def __init__(self) -> None:
        self._first: deque[T] = deque()
        self._rest: deque[T] = deque()

    def __bool__(self) -> bool:
        return bool(self._first or self._rest)

    def __contains__(self, head: T) -> bool:
        return head in self._of(head)

    @property
    def is_urgent(self) -> bool:
        """True while something stands here that goes first."""
        return bool(self._first)

    def append(self, head: T) -> None:
        self._of(head).append(head)

    def appendleft(self, head: T) -> None:
        self._of(head).appendleft(head)

    def popleft(self) -> T:
        return (self._first or self._rest).popleft()

    def remove(self, head: T) -> None:
        self._of(head).remove(head)

    def _of(self, head: T) -> deque[T]:
        return self._first if head.goes_first else self._rest
