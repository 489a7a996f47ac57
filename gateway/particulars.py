"""What a contract is and how it trades, told to a person who asks. Pure state of the desk.

The broker is asked anew each time: the answer is what an order would get now.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from alertwire.wire.alert import Instrument
from gateway import contracts
from gateway.contracts import ContractKey, Qualified, contract_key
from gateway.directory import Directory
from gateway.events import Answer, Effects, QueryContract
from gateway.messages import Candidate, ContractQueryFailed, ContractsFound, Lost
from gateway.pacer import Priority
from gateway.rules import Rules
from gateway.sizing import Refused
from gateway.terms import Sessions, is_open

Asker = tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """Under which a contract query of a person is answered."""

    contract: ContractKey
    asker: Asker


class Particulars:
    """The questions under way."""

    def __init__(self, directory: Directory, rules: Rules) -> None:
        self._directory, self._rules = directory, rules
        self._waiting: set[Asked] = set()

    def ask(self, instrument: Instrument, asker: Asker, now: datetime, effects: Effects) -> None:
        query = contracts.query(instrument)
        if isinstance(query, Refused):
            effects.answers.append(Answer(asker, query.reason))
            return
        asked = Asked(contract_key(instrument, now.date()), asker)
        self._waiting.add(asked)
        effects.requests.append((Priority.ENTRY, QueryContract(asked, query)))

    def found(self, message: ContractsFound, now: datetime, effects: Effects) -> None:
        asked = message.key
        if not isinstance(asked, Asked) or asked not in self._waiting:
            return
        self._waiting.discard(asked)
        instrument, day = asked.contract.instrument, asked.contract.day
        roll_days = self._rules.future(instrument.symbol).roll_days
        verdict = contracts.choose(instrument, message.candidates, day, roll_days)
        if isinstance(verdict, Refused):
            effects.answers.append(Answer(asked.asker, verdict.reason))
            return
        self._directory.keep(asked.contract, verdict)
        said = _contract(instrument, verdict)
        if instrument.continuous_depth:
            said += _roll(instrument, message.candidates, day, roll_days)
        said += _terms(verdict, now)
        findings = tuple(f"{name}: {value}" for name, value in said if value)
        effects.answers.append(Answer(asked.asker, findings=findings))

    def not_found(self, message: ContractQueryFailed, _now: datetime, effects: Effects) -> None:
        if isinstance(message.key, Asked) and message.key in self._waiting:
            self._waiting.discard(message.key)
            effects.answers.append(Answer(message.key.asker, message.reason))

    def lost(self, message: Lost, _now: datetime, effects: Effects) -> None:
        """Answer all who wait: their questions went with the connection."""
        for asked in self._waiting:
            reason = f"not connected to the broker: {message.reason}"
            effects.answers.append(Answer(asked.asker, reason))
        self._waiting.clear()


Said = tuple[str, str]


def _contract(instrument: Instrument, found: Qualified) -> list[Said]:
    contract = found.contract
    return [
        ("symbol", instrument.source_symbol or instrument.symbol),
        ("contract", contract.local_symbol or contract.symbol),
        ("name", found.terms.long_name),
        ("type", instrument.security_type.name.lower()),
        ("stock_type", found.terms.stock_type),
        ("contract_id", str(contract.contract_id)),
        ("exchange", contract.exchange),
        ("primary_exchange", contract.primary_exchange),
        ("currency", contract.currency),
        ("trading_class", contract.trading_class),
        ("multiplier", contract.multiplier),
        ("last_trade_date", _day(contract.expiry)),
        ("strike", f"{contract.strike:f}" if contract.right else ""),
        ("right", contract.right),
    ]


def _roll(
    instrument: Instrument, candidates: tuple[Candidate, ...], day: date, roll_days: int
) -> list[Said]:
    """Say when a continuous symbol leaves its contract, and for which."""
    days = [_date(contracts.last_trade_date(one)) for one in candidates]
    ahead = [one for one in days if one is not None and one >= day + timedelta(days=roll_days)]
    if not ahead:
        return [("rolls", "the broker tells no last trade date")]
    # All depths move on the day after the front month's last one.
    moves = min(ahead) - timedelta(days=roll_days - 1)
    then = contracts.choose(instrument, candidates, moves, roll_days)
    to = f" to {then.contract.local_symbol}" if isinstance(then, Qualified) else ""
    return [("rolls", f"{moves:%Y-%m-%d}{to}"), ("roll_days", str(roll_days))]


def _terms(found: Qualified, now: datetime) -> list[Said]:
    terms = found.terms
    steps = ", ".join(f"{one.increment:f} from {one.low:f}" for one in terms.price_steps)
    opened = is_open(terms.trading_sessions, now)
    return [
        ("min_tick", f"{terms.min_tick:f}" if terms.min_tick else ""),
        ("price_steps", steps or terms.remark),
        ("price_magnifier", str(terms.price_magnifier)),
        ("min_size", f"{terms.min_size:f}" if terms.min_size else ""),
        ("size_increment", f"{terms.size_increment:f}" if terms.size_increment else ""),
        ("order_types", " ".join(sorted(terms.order_types))),
        ("exchanges", " ".join(terms.exchanges)),
        ("time_zone", terms.time_zone),
        ("open", {True: "yes", False: "no", None: "not told"}[opened]),
        ("trading_hours", _hours(terms.trading_sessions)),
        ("regular_hours", _hours(terms.liquid_sessions)),
    ]


def _hours(sessions: Sessions | None) -> str:
    if sessions is None:
        return "not told"
    spelled = (f"{one.begins:%Y-%m-%d %H:%M}/{one.ends:%Y-%m-%d %H:%M}" for one in sessions)
    return ", ".join(spelled) + " UTC" if sessions else "closed"


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text, "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _day(text: str) -> str:
    day = _date(text)
    return f"{day:%Y-%m-%d}" if day else text
