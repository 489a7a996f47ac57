"""The producer with group commit off: each alert syncs for itself.

python -m loadtest.unprotected.lone_commits, with the producer's settings.
"""

import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from alertwire.journal.commit import COMMIT_TIMEOUT_S, GroupCommit, Then, Work
from producer import main

T = TypeVar("T")
_TURN = threading.Lock()


class LoneCommit(GroupCommit):
    """One transaction and one sync for each caller, one after the other."""

    def run(
        self,
        work: Work[T],
        timeout_s: float = COMMIT_TIMEOUT_S,
        *,
        then: Then[T] | None = None,
        doubted: Callable[[], None] | None = None,
    ) -> T:
        with _TURN:
            return super().run(work, timeout_s, then=then, doubted=doubted)


if __name__ == "__main__":
    replaced: Any = main
    replaced.GroupCommit = LoneCommit
    sys.exit(main.main())
