"""All that must be settled of a command's orders before anything is done for them.

Size, halts, limits, prices and protective orders are looked at together and change nothing: so a
command that is going to be refused has cancelled nothing first. Pure state of the desk.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from alertwire.identity import order_ref
from alertwire.wire.alert import Action
from gateway import families
from gateway.amendments import Amendments, amends
from gateway.clearance import Clearance
from gateway.contracts import Qualified
from gateway.drafts import words
from gateway.entries import ONLY_REDUCES
from gateway.events import Effects
from gateway.guard import Guard
from gateway.months import MONTH_BEHIND
from gateway.order_ids import OrderIds
from gateway.plans import OPENS_NOTHING, family_of
from gateway.records import CommandRecord
from gateway.scales import Scales
from gateway.sizing import Approved, Nothing, Refused
from gateway.tickets import Ticket, write_ticket

NOT_MOVED: Final = "what protects it stays as it is: modify changes that"


@dataclass(frozen=True, slots=True)
class Draft:
    """The orders of a command that may go now, their entry first, and what the trader is told."""

    approved: Approved
    family: tuple[Ticket, ...]
    detail: str


class Approval:
    """Sizes, checks and writes orders."""

    def __init__(
        self,
        scales: Scales,
        guard: Guard,
        ids: OrderIds,
        clearance: Clearance,
        amendments: Amendments,
    ) -> None:
        self._scales, self._guard, self._ids = scales, guard, ids
        self._clearance, self._amendments = clearance, amendments

    def objection(
        self, record: CommandRecord, qualified: Qualified, now: datetime, effects: Effects
    ) -> Refused | None:
        """Say why a command would be refused as everything stands now; None: it would not."""
        if amends(record.command):
            return self.of_change(record) or self._amendments.objection(record, qualified, now)
        draft = self.draft(record, qualified, now, effects)
        if isinstance(draft, Draft):
            return self._clearance.objection(record, qualified, draft.approved)
        return draft if isinstance(draft, Refused) else None

    def waits(self, record: CommandRecord, qualified: Qualified, now: datetime) -> bool:
        """True while fills that may not be in the position yet would make another order of it."""
        contract_id = qualified.contract.contract_id
        if self._scales.needs_position(record, qualified):
            return self._scales.waits(record, contract_id, now)
        if self._clearance.waits(record, contract_id):
            return True
        is_minded = (
            qualified.is_passed
            or families.protects(record.command)
            or self._guard.minds_position(record)
        )
        return is_minded and self._scales.is_unsure(record, contract_id, now)

    def of_change(self, record: CommandRecord) -> Refused | None:
        """Say why not even what protects a position may go now; None: it may."""
        reason = self._guard.protection(record.account, record.command.strategy)
        return Refused(reason) if reason else None

    def _opens(self, record: CommandRecord, qualified: Qualified, verdict: Approved) -> bool:
        """True for a buy or sell that does more than to make the position smaller."""
        is_plain = record.command.action in {Action.BUY, Action.SELL}
        contract_id = qualified.contract.contract_id
        return is_plain and not self._guard.only_reduces(record, contract_id, verdict)

    def draft(
        self, record: CommandRecord, qualified: Qualified, now: datetime, effects: Effects
    ) -> Draft | Nothing | Refused:
        """Write the orders of a command as everything stands now; a breach of a limit is noted."""
        contract = qualified.contract
        verdict = self._scales.size(record, qualified, now)
        if isinstance(verdict, Nothing) and families.protects(record.command):
            return replace(verdict, detail=f"{verdict.detail}; {NOT_MOVED}")
        if not isinstance(verdict, Approved):
            return verdict
        if qualified.is_passed and self._opens(record, qualified, verdict):
            what = "an entry would open more of it: close it first, then this goes to the other one"
            return Refused(f"{qualified.detail}; {what}", MONTH_BEHIND)
        told = self._scales.valuation.told(record, contract.contract_id, now)
        if reason := self._guard.refusal(record, qualified, verdict, told, now, effects):
            return Refused(reason)
        ticket = write_ticket(
            record.command,
            account=record.account,
            side=verdict.side,
            quantity=verdict.quantity,
            order_id=self._ids.next,
            order_ref=order_ref(record.command.command_id),
            terms=qualified.terms,
            now=now,
            cash=verdict.cash,
        )
        if isinstance(ticket, Refused):
            return ticket
        family = family_of(record, qualified, ticket, self._scales, now)
        if isinstance(family, Refused):
            return family
        legs = len(family) - 1
        if reason := self._guard.room(record, contract.contract_id, verdict, legs):
            return Refused(reason)
        bound = ONLY_REDUCES if self._scales.only_closes(record, contract.contract_id) else ""
        said = (
            *(words(one, contract) for one in family),
            *families.remarks(family),
            "" if legs or not families.protects(record.command) else OPENS_NOTHING,
            qualified.detail,
            bound,
            verdict.detail,
        )
        return Draft(verdict, family, "; ".join(part for part in said if part))
