"""What is read again from alertwire.toml at SIGHUP; where it is wrong now, the old one stays."""

import signal
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from alertwire.configuration import ConfigurationFile, read_configuration
from alertwire.faults import ConfigurationError
from alertwire.logs import Logger
from alertwire.process import Stop

T = TypeVar("T")


class Reload(Generic[T]):
    """Hears of SIGHUP. The file is read whole and checked before anything of it counts."""

    def __init__(
        self,
        path: Path,
        file: ConfigurationFile,
        build: Callable[[ConfigurationFile], T],
        stop: Stop,
        logger: Logger,
    ) -> None:
        """Begin to listen; `file` is what `path` held at the start.

        `build` makes of a file what its process uses, and raises ConfigurationError.
        """
        self._path = path
        self._file = file
        self._build = build
        self._log = logger
        self._is_due = False
        stop.on(signal.SIGHUP, self._note)

    def fresh(self) -> T | None:
        """Return what was read anew, once for each SIGHUP; None: the old one stays in force."""
        if not self._is_due:
            return None
        self._is_due = False
        try:
            file = read_configuration(self._path)
            if lost := self._lost(file):
                raise ConfigurationError(lost)
            fresh = self._build(file)
        except ConfigurationError as error:
            self._keep(str(error))
            return None
        except Exception as error:
            # A file must not end what trades by the old one.
            self._keep(f"{self._path}: {error}", traceback=traceback.format_exc())
            return None
        removed = sorted(_sections(self._file) - _sections(file))
        self._file = file
        self._log.info("routes_reloaded", removed=removed)
        return fresh

    def _lost(self, file: ConfigurationFile) -> str:
        """Say what the file lost that nobody takes out on purpose: it is emptied, or half written.

        Without routes there is the built-in one, which trades another account without any rule.
        """
        if self._file != ConfigurationFile() and not self._path.exists():
            return f"{self._path} is gone"
        if self._file.routes and not file.routes:
            return f"{self._path} has lost all its [routes]; to trade without one, restart"
        if _sections(self._file) and not _sections(file):
            return f"{self._path} has lost all that it held; to run without, restart"
        return ""

    def _keep(self, reason: str, **about: str) -> None:
        self._log.error(
            "routes_kept",
            alarm=True,
            reason=reason,
            remedy="the old routes and rules stay in force; mend the file (alertwire config "
            "check), then send SIGHUP again",
            **about,
        )

    def _note(self) -> None:
        self._is_due = True


def _sections(file: ConfigurationFile) -> set[str]:
    """Name what a file sets: `limits`, `routes.swing`, `accounts.U1` and so on."""
    names = {"limits"} if file.limits.are_set else set()
    for table in ("routes", "gateways", "accounts", "strategies", "futures"):
        names |= {f"{table}.{name}" for name in getattr(file, table)}
    return names
