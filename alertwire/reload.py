"""What is read again from alertwire.toml at SIGHUP; where it is wrong now, the old one stays."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from alertwire.faults import ConfigurationError
from alertwire.logs import Logger
from alertwire.process import Stop

T = TypeVar("T")


class Reload(Generic[T]):
    """Hears of SIGHUP. The file is read whole and checked before anything of it counts."""

    def __init__(self, path: Path, load: Callable[[], T], stop: Stop, logger: Logger) -> None:
        """Begin to listen; `load` reads the file at `path`, and raises ConfigurationError."""
        self._path = path
        self._was_there = path.exists()
        self._load = load
        self._log = logger
        self._is_due = False
        stop.on(signal.SIGHUP, self._note)

    def fresh(self) -> T | None:
        """Return what was read anew, once for each SIGHUP; None: the old one stays in force."""
        if not self._is_due:
            return None
        self._is_due = False
        try:
            is_there = self._path.exists()
            if self._was_there and not is_there:
                # Without the file there is the built-in route, which trades another account.
                raise ConfigurationError(f"{self._path} is gone")
            fresh = self._load()
            self._was_there = is_there
        except ConfigurationError as error:
            self._log.error(
                "routes_kept",
                alarm=True,
                reason=str(error),
                remedy="the old routes and rules stay in force; mend the file (alertwire config "
                "check), then send SIGHUP again",
            )
            return None
        self._log.info("routes_reloaded")
        return fresh

    def _note(self) -> None:
        self._is_due = True
