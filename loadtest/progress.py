"""A progress bar on a terminal; silence elsewhere."""

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


class Progress:
    """One line for what is being measured now."""

    def __init__(self, console: Console) -> None:
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task("", total=None)
        self._title = ""

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def subject(self, title: str) -> None:
        """Say what the following turns measure."""
        self._title = title
        self.turn("")

    def turn(self, text: str) -> None:
        """Begin a measurement of unknown length."""
        self._bar.reset(self._task, description=f"{self._title}: {text}", total=None)

    def done(self, finished: int, total: int | None) -> None:
        self._bar.update(self._task, completed=finished, total=total)
