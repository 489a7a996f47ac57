"""What `alertwire.toml` says about trading, looked up by route, account, strategy and root."""

from dataclasses import replace

from alertwire.configuration import ConfigurationFile, Route
from alertwire.trading import AccountRules, FutureRules, Limits, PositionScope, StrategyRules
from alertwire.wire.alert import Action, Scope, SecurityType
from alertwire.wire.command import OrderCommand
from gateway.records import OPERATOR, OrderRecord


class Rules:
    """The rules in force; what the file does not name has every default."""

    def __init__(self, file: ConfigurationFile | None = None) -> None:
        self._file = file or ConfigurationFile()

    def adopt(self, file: ConfigurationFile) -> None:
        """Put the rules of a file that was read again in force."""
        self._file = file

    @property
    def limits(self) -> Limits:
        """Limits of all orders together."""
        return self._file.limits

    def at_venue(self, command: OrderCommand, account_id: str) -> OrderCommand:
        """Send a crypto order to its account's venue; what the route says of a symbol stands."""
        instrument, venue = command.instrument, self.account(account_id).crypto_exchange
        if (
            not venue
            or instrument is None
            or instrument.security_type is not SecurityType.CRYPTO
            or instrument.source_symbol.upper() in self.route(command.route).symbols
        ):
            return command
        return replace(command, instrument=replace(instrument, exchange=venue))

    def route(self, name: str) -> Route:
        return self._file.routes.get(name) or Route()

    def is_own(self, one: OrderCommand | OrderRecord) -> bool:
        """True where a strategy's own position is meant; else it is the account's."""
        if one.action is Action.FLATTEN and one.scope is Scope.INSTRUMENT:
            return False
        if one.stream_id == OPERATOR:
            # It has no route: a person who names a strategy means what that holds.
            return bool(one.strategy)
        return self.route(one.route).position_scope is PositionScope.STRATEGY

    @property
    def has_strategy_scope(self) -> bool:
        """True where a route's positions are its strategies' own."""
        routes = self._file.routes.values()
        return any(route.position_scope is PositionScope.STRATEGY for route in routes)

    def account(self, account_id: str) -> AccountRules:
        return self._file.accounts.get(account_id) or AccountRules()

    def strategy(self, name: str) -> StrategyRules:
        return self._file.strategies.get(name) or StrategyRules()

    def future(self, root: str) -> FutureRules:
        return self._file.futures.get(root) or FutureRules()
