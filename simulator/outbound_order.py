"""Messages about orders: openOrder, orderStatus, completedOrder, execDetails, commissionReport.

Field order is TWS's for server versions 157 to 178. Runs of fields a simulator has nothing to say
about are spelled once, as constants, because an openOrder is sent two or three times per order.
"""

from datetime import UTC, datetime
from decimal import Decimal
from functools import cache, lru_cache
from zoneinfo import ZoneInfo

from simulator import versions
from simulator.contracts import Contract
from simulator.events import Estimated, Reported
from simulator.fields import UNSET_DOUBLE, UNSET_INTEGER, ended, escaped, flag, plain, price_or
from simulator.framing import frame_fields, frame_text
from simulator.orders import Fill, Order, Status, Terms

EASTERN = ZoneInfo("America/New_York")

_NO_FA = ended("", "", "")  # faGroup, faMethod, faPercentage
_SHORT_SALE = ended("", "0", "", "-1")  # settlingFirm, slot, designatedLocation, exemptCode
_AUCTION = ended("0", "", "", "", "", "")  # strategy, startingPrice, stockRefPrice, delta, range
_RANGES = ended("", "", "", "", "")  # startingPrice, stockRefPrice, delta, range
# deltaNeutralOrderType is the *word* None, and eight fields follow because it is not empty:
# conId, settlingFirm, clearingAccount, clearingIntent, openClose, shortSale, slot, location.
_DELTA_NEUTRAL = ended("None", "", "0", "", "", "", "?", "0", "0", "")
# Here four: conId, shortSale, slot, location.
_DELTA_NEUTRAL_COMPLETED = ended("None", "", "0", "0", "0", "")
_PEGGED_AND_REFERENCE = ended("0", "0")  # continuousUpdate, referencePriceType
# comboLegsDescrip, no legs, no leg prices, no parameters, three scale fields, hedgeType
_PLAIN_ORDER = ended("", "0", "0", "0", "", "", "", "")
_CLEARING = ended("", "IB", "0", "0")  # account, intent, notHeld, no delta neutral contract
_NINE_UNSET_MARGINS = ended(*[UNSET_DOUBLE] * 9)
_ADJUSTED = ended(UNSET_DOUBLE, UNSET_DOUBLE, UNSET_DOUBLE, "0")  # three prices, trailing unit
# Runs without a gap between them: percentOffset to range, volatility to referencePriceType,
# basisPoints to the delta neutral contract.
_OFFSET_TO_RANGE = ended("") + _SHORT_SALE + _AUCTION
_VOLATILITY_TO_REFERENCE = ended("", "0") + _DELTA_NEUTRAL + _PEGGED_AND_REFERENCE
_BASIS_TO_CLEARING = ended("", "") + _PLAIN_ORDER + ended("0") + _CLEARING
_UNSET_PEG = ended(*[UNSET_INTEGER] * 2, *[UNSET_DOUBLE] * 3)


def open_order(order: Order, status: Status, version: int) -> bytes:
    """An order and its status; no margins, for those come with a what-if only."""
    is_charged = status is Status.FILLED
    fee = plain(order.commission) if is_charged else UNSET_DOUBLE
    currency = order.contract.currency if is_charged else ""
    state = _NINE_UNSET_MARGINS + ended(fee, UNSET_DOUBLE, UNSET_DOUBLE, currency)
    return _open_order(order, status, state, version)


def what_if(estimate: Estimated, version: int) -> bytes:
    """Answer a what-if: margins before, their change, and after."""
    before, change = estimate.margin_before, estimate.margin_change
    equity = estimate.net_liquidation
    margins = (before, before, equity, change, change, Decimal(0))
    after = (before + change, before + change, equity)
    spelled = ended(*(f"{amount:.2f}" for amount in (*margins, *after)))
    fee = f"{estimate.commission:.2f}"
    state = spelled + ended(fee, fee, fee, estimate.order.contract.currency)
    return _open_order(estimate.order, Status.PRE_SUBMITTED, state, version)


def _open_order(order: Order, status: Status, state: str, version: int) -> bytes:
    terms = order.terms
    perm = order.permanent_id
    allocation = f"{perm}.0/{terms.account}/100" if perm else ""
    parts = [
        ended("5", str(order.order_id)),
        order.contract.eleven_order_fields,
        _core(order),
        ended(str(order.client_id), str(perm)),
        _flags(terms),
        ended(allocation),
        _fa_and_model(terms, version),
        _OFFSET_TO_RANGE,
        _display_size(terms),
        ended("0", "0", flag(terms.all_or_none)),  # blockOrder, sweepToFill
        ended(str(terms.min_quantity or UNSET_INTEGER), str(order.oca_type or 3)),
        ended("0", "0", "", str(terms.parent_id), str(terms.trigger_method)),
        _VOLATILITY_TO_REFERENCE,
        ended(_trail(order), price_or(terms.trailing_percent)),
        _BASIS_TO_CLEARING,
        _algo(terms),
        ended("0", flag(terms.is_what_if), status),  # solicited
        state,
        ended("", "0", "0", "0"),  # warningText, randomizeSize, randomizePrice, conditions
        ended("None", UNSET_DOUBLE, _trail(order), _offset(order)),
        _ADJUSTED,
        ended("", "", "", price_or(terms.cash_quantity)),  # soft dollar tier
        _ending(version),
    ]
    return frame_text("".join(parts))


@cache
def _ending(version: int) -> str:
    """Fields after cashQty, which grew with the versions."""
    # dontUseAutoPriceForHedge, isOmsContainer, discretionaryUpToLimitPrice, usePriceMgmtAlgo
    text = ended("1", "0", "0", "0")
    if version >= versions.DURATION:
        text += ended(UNSET_INTEGER)
    if version >= versions.POST_TO_ATS:
        text += ended(UNSET_INTEGER)
    if version >= versions.AUTO_CANCEL_PARENT:
        text += ended("0")
    if version >= versions.PEG_BEST_AND_MID:
        text += _UNSET_PEG
    return text


def completed_order(order: Order, version: int) -> bytes:
    """TWS API: a completed order carries neither order id nor client id; permId and ref remain."""
    terms = order.terms
    done = datetime.fromtimestamp(order.done_at, EASTERN).strftime("%Y%m%d %H:%M:%S US/Eastern")
    size = f"Filled Size: {plain(order.filled)}"
    told = size if order.status is Status.FILLED else f"Cancelled by Trader {order.reason}".strip()
    parts = [
        ended("101"),
        order.contract.eleven_order_fields,
        _core(order),
        ended(str(order.permanent_id)),
        _flags(terms),
        _fa_and_model(terms, version),
        ended(""),  # percentOffset
        _SHORT_SALE,
        _RANGES,
        _display_size(terms),
        ended("0", flag(terms.all_or_none)),  # sweepToFill
        ended(str(terms.min_quantity or UNSET_INTEGER), str(order.oca_type or 3)),
        ended(str(terms.trigger_method), "", "0"),  # volatility, volatilityType
        _DELTA_NEUTRAL_COMPLETED,
        _PEGGED_AND_REFERENCE,
        ended(_trail(order), price_or(terms.trailing_percent)),
        _PLAIN_ORDER,
        _CLEARING,
        _algo(terms),
        ended("0", order.status, "0", "0", "0"),  # solicited; randomize (2), conditions
        ended(_trail(order), _offset(order), price_or(terms.cash_quantity)),
        ended("1", "0", "", plain(order.filled)),  # autoPriceForHedge, oms, autoCancelDate
        ended("0", "0", "", "0", "0"),  # refFuturesConId, cancelParent, shareholder, flags
        ended(_parent_permanent_id(order), done, escaped(told)),
    ]
    if version >= versions.PEG_BEST_AND_MID:
        parts.append(_UNSET_PEG)
    return frame_text("".join(parts))


def _core(order: Order) -> str:
    """Fields action to orderRef, which both messages share."""
    terms = order.terms
    return ended(
        terms.action,
        plain(order.quantity),
        terms.order_type,
        price_or(order.limit_price, "0.0"),
        price_or(terms.aux_price, "0.0"),
        terms.tif,
        terms.oca_group,
        terms.account,
        terms.open_close,
        str(terms.origin),
        escaped(terms.order_ref),
    )


def _flags(terms: Terms) -> str:
    return ended(
        flag(terms.outside_rth),
        flag(terms.hidden),
        price_or(terms.discretionary_amount, "0"),
        terms.good_after_time,
    )


def _fa_and_model(terms: Terms, version: int) -> str:
    profile = "" if version >= versions.NO_FA_PROFILE else ended("")
    return _NO_FA + profile + ended(terms.model_code, terms.good_till_date, terms.rule_80a)


def _display_size(terms: Terms) -> str:
    return ended(str(terms.display_size or UNSET_INTEGER))


def _trail(order: Order) -> str:
    stop = order.stop_price if order.terms.order_type.startswith("TRAIL") else None
    return price_or(stop, UNSET_DOUBLE)


def _offset(order: Order) -> str:
    return price_or(order.terms.limit_price_offset, UNSET_DOUBLE)


def _algo(terms: Terms) -> str:
    if not terms.algo_strategy:
        return ended("")
    pairs = [text for pair in terms.algo_parameters for text in pair]
    return ended(terms.algo_strategy, str(len(terms.algo_parameters)), *pairs)


def _parent_permanent_id(order: Order) -> str:
    return "0" if not order.terms.parent_id else "9223372036854775807"


def order_status(event: Reported) -> bytes:
    order = event.order
    return frame_fields(
        "3",
        str(order.order_id),
        event.status,
        plain(event.filled),
        plain(event.remaining),
        rounded(event.average_price),
        str(order.permanent_id),
        str(order.terms.parent_id),
        plain(event.last_fill_price),
        str(order.client_id),
        event.why_held,
        "0",
    )


def execution(order: Order, fill: Fill, request_id: int, version: int) -> bytes:
    """One execution; request id -1 marks a live one."""
    terms, contract = order.terms, order.contract
    parts = [
        ended("11", str(request_id), str(order.order_id)),
        contract.eleven_fields,
        ended(fill.execution_id, execution_time(int(fill.time), version), terms.account),
        ended(fill.exchange, "BOT" if terms.is_buy else "SLD"),
        ended(plain(fill.quantity), plain(fill.price)),
        ended(str(order.permanent_id), str(order.client_id), "0"),  # liquidation
        ended(plain(fill.cumulative), rounded(fill.average), escaped(terms.order_ref)),
        ended("", "", terms.model_code, str(fill.liquidity)),  # evRule, evMultiplier
    ]
    if version >= versions.PENDING_PRICE_REVISION:
        parts.append(ended("0"))
    return frame_text("".join(parts))


@lru_cache(maxsize=1024)
def execution_time(moment: int, version: int) -> str:
    """TWS API: two blanks and the TWS's own zone below 174, the zone's name from 174 on.

    The TWS's own zone is this machine's, which is what a client on it takes for granted.
    """
    if version >= versions.ZONED_TIMES:
        return datetime.fromtimestamp(moment, EASTERN).strftime("%Y%m%d %H:%M:%S US/Eastern")
    return datetime.fromtimestamp(moment, UTC).astimezone().strftime("%Y%m%d  %H:%M:%S")


def commission_report(contract: Contract, fill: Fill) -> bytes:
    realized = UNSET_DOUBLE if fill.realized_pnl is None else rounded(fill.realized_pnl)
    fee = plain(fill.commission)
    return frame_fields(
        "59", "1", fill.execution_id, fee, contract.currency, realized, UNSET_DOUBLE, ""
    )


def rounded(value: Decimal) -> str:
    return plain(round(value, 8))
