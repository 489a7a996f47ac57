"""contractData: one contract with its listing facts, and the market rules they name."""

from decimal import Decimal

from simulator import versions
from simulator.contracts import Contract
from simulator.fields import escaped, plain
from simulator.framing import frame_fields
from simulator.order_types import order_types

# IB's numbers where they are well known; other increments get numbers of their own.
_NAMED_RULES = {Decimal("0.01"): 26, Decimal("0.00005"): 239, Decimal("0.25"): 67}
_OTHER_RULES_FROM = 5000


class MarketRules:
    """Increments by rule number, as reqMarketRule asks for them.

    Like minTick they are in the contract's currency, and its quotes in magnified steps: corn has
    0.0025 and a price magnifier of 100, and trades in steps of 0.25 cents.
    """

    def __init__(self) -> None:
        self._numbers = dict(_NAMED_RULES)

    def number(self, contract: Contract) -> int:
        tick = wire_tick(contract)
        return self._numbers.setdefault(tick, _OTHER_RULES_FROM + len(self._numbers))

    def increments(self, number: int) -> list[tuple[Decimal, Decimal]] | None:
        for tick, known in self._numbers.items():
            if known == number:
                return [(Decimal(0), tick)]
        return None


def wire_tick(contract: Contract) -> Decimal:
    return contract.min_tick / contract.price_magnifier


def contract_data(request_id: int, contract: Contract, rules: MarketRules, version: int) -> bytes:
    """Encode contractData; below 164 it has a version field and one size field more."""
    is_old = version < versions.SIZE_RULES
    expiry = contract.expiry
    if expiry and contract.last_trade_time:
        expiry = f"{expiry} {contract.last_trade_time} {contract.time_zone}"
    routes = contract.valid_exchanges.split(",")
    hours = "20260101:0000-20260101:2359"
    fields = [
        "10",
        *(["8"] if is_old else []),
        str(request_id),
        contract.symbol,
        contract.sec_type,
        expiry,
        contract.strike_text,
        contract.right,
        contract.exchange,
        contract.currency,
        contract.local_symbol,
        contract.market_name,
        contract.trading_class,
        str(contract.con_id),
        plain(wire_tick(contract)),
        *(["100"] if is_old else []),
        contract.multiplier,
        ",".join(order_types(contract)),
        contract.valid_exchanges,
        str(contract.price_magnifier),
        str(contract.under_con_id),
        escaped(contract.long_name),
        contract.primary_exchange,
        contract.contract_month,
        "",
        "",
        "",
        contract.time_zone,
        hours,
        hours,
        "",
        "0",
        "0",
        "1" if contract.sec_type == "STK" else "2147483647",
        contract.under_symbol,
        contract.under_sec_type,
        ",".join([str(rules.number(contract))] * len(routes)),
        contract.expiry,
        contract.stock_type,
    ]
    if version == versions.SIZE_MIN_TICK:
        fields.append(plain(contract.size_increment))
    if version >= versions.SIZE_RULES:
        step = plain(contract.size_increment)
        fields += [plain(contract.min_size), step, step]
    return frame_fields(*fields)
