"""Routes that are read again at SIGHUP; where the new ones are wrong, the old ones stay."""

import signal
from collections.abc import Callable

from alertwire.faults import ConfigurationError
from alertwire.logs import Logger
from alertwire.process import Stop
from alertwire.routes import Routes, load_routes
from alertwire.settings import Settings


class Reload:
    """Hears of SIGHUP. The file is read whole and checked before anything of it counts."""

    def __init__(
        self, settings: Settings, stop: Stop, logger: Logger, *, with_tokens: bool = False
    ) -> None:
        self._settings = settings
        self._log = logger
        self._with_tokens = with_tokens
        self._is_due = False
        stop.on(signal.SIGHUP, self._note)

    def routes(self, prepare: Callable[[Routes], None] = lambda _: None) -> Routes | None:
        """Return the new routes, once for each SIGHUP; None: the old ones stay in force.

        `prepare` makes ready what they need; its ConfigurationError keeps the old ones.
        """
        if not self._is_due:
            return None
        self._is_due = False
        try:
            routes = load_routes(self._settings, with_tokens=self._with_tokens)
            prepare(routes)
        except ConfigurationError as error:
            self._log.error(
                "routes_kept",
                alarm=True,
                reason=str(error),
                remedy="the old routes stay in force; mend the file (alertwire config check), then "
                "send SIGHUP again",
            )
            return None
        self._log.info("routes_reloaded", routes=list(routes.by_name))
        return routes

    def _note(self) -> None:
        self._is_due = True
