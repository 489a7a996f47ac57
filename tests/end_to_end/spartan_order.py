"""Orders as TWS's own field tables have them, for the foreign TWS: every field of a frame by name.

Written from the TWS API (EClient.placeOrder and EDecoder.processOpenOrder at server version 176),
apart from the simulator. A frame that does not end where its table ends is an error: nothing that a
client sends is overlooked.
"""

from typing import Final

_CONTRACT: Final = """conId symbol secType lastTradeDate strike right multiplier exchange
    primaryExch currency localSymbol tradingClass secIdType secId"""
_BEGIN: Final = """action totalQuantity orderType lmtPrice auxPrice tif ocaGroup account openClose
    origin orderRef transmit parentId blockOrder sweepToFill displaySize triggerMethod outsideRth
    hidden sharesAllocation discretionaryAmt goodAfterTime goodTillDate faGroup faMethod
    faPercentage faProfile modelCode shortSaleSlot designatedLocation exemptCode ocaType rule80A
    settlingFirm allOrNone minQty percentOffset eTradeOnly firmQuoteOnly nbboPriceCap
    auctionStrategy startingPrice stockRefPrice delta stockRangeLower stockRangeUpper
    overridePercentageConstraints volatility volatilityType deltaNeutralOrderType
    deltaNeutralAuxPrice continuousUpdate referencePriceType trailStopPrice trailingPercent
    scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement scaleTable activeStartTime
    activeStopTime hedgeType optOutSmartRouting clearingAccount clearingIntent notHeld
    deltaNeutralContract algoStrategy algoId whatIf orderMiscOptions solicited randomizeSize
    randomizePrice conditionsCount adjustedOrderType triggerPrice lmtPriceOffset adjustedStopPrice
    adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit extOperator
    softDollarTierName softDollarTierValue cashQty mifid2DecisionMaker mifid2DecisionAlgo
    mifid2ExecutionTrader mifid2ExecutionAlgo dontUseAutoPriceForHedge isOmsContainer
    discretionaryUpToLimitPrice usePriceMgmtAlgo duration postToAts autoCancelParent
    advancedErrorOverride manualOrderTime"""
_NAMES: Final = ("orderId", *_CONTRACT.split(), *_BEGIN.split())
# Each of these, when set, lets more fields follow; no order of ours has any.
_BARE: Final = """deltaNeutralOrderType scalePriceIncrement hedgeType deltaNeutralContract
    algoStrategy conditionsCount""".split()  # noqa: SIM905 - as the tables above

_OPEN: Final = """orderId conId symbol secType lastTradeDate strike right multiplier exchange
    currency localSymbol tradingClass action totalQuantity orderType lmtPrice auxPrice tif ocaGroup
    account openClose origin orderRef clientId permId outsideRth hidden discretionaryAmt
    goodAfterTime sharesAllocation faGroup faMethod faPercentage faProfile modelCode goodTillDate
    rule80A percentOffset settlingFirm shortSaleSlot designatedLocation exemptCode auctionStrategy
    startingPrice stockRefPrice delta stockRangeLower stockRangeUpper displaySize blockOrder
    sweepToFill allOrNone minQty ocaType eTradeOnly firmQuoteOnly nbboPriceCap parentId
    triggerMethod volatility volatilityType deltaNeutralOrderType deltaNeutralAuxPrice
    continuousUpdate referencePriceType trailStopPrice trailingPercent basisPoints basisPointsType
    comboLegsDescrip 0 0 0 scaleInitLevelSize scaleSubsLevelSize scalePriceIncrement hedgeType
    optOutSmartRouting clearingAccount clearingIntent notHeld 0 algoStrategy solicited whatIf status
    initMarginBefore maintMarginBefore equityWithLoanBefore initMarginChange maintMarginChange
    equityWithLoanChange initMarginAfter maintMarginAfter equityWithLoanAfter commission
    minCommission maxCommission commissionCurrency warningText randomizeSize randomizePrice 0
    adjustedOrderType triggerPrice trailStopPrice lmtPriceOffset adjustedStopPrice
    adjustedStopLimitPrice adjustedTrailingAmount adjustableTrailingUnit softDollarTierName
    softDollarTierValue softDollarTierDisplayName cashQty dontUseAutoPriceForHedge isOmsContainer
    discretionaryUpToLimitPrice usePriceMgmtAlgo duration postToAts autoCancelParent minTradeQty
    minCompeteSize competeAgainstBestOffset midOffsetAtWhole midOffsetAtHalf"""


def read_order(said: list[str]) -> dict[str, str]:
    """Read a placeOrder frame; raises ValueError where it is not one order of ours, whole."""
    values = said[1:]
    if len(values) != len(_NAMES):
        raise ValueError(f"{len(values)} fields, and the table has {len(_NAMES)}: {said}")
    order = dict(zip(_NAMES, values, strict=True))
    if more := [name for name in _BARE if order[name] not in {"", "0"}]:
        raise ValueError(f"{more} would let more fields follow: {said}")
    return order


def open_order(order: dict[str, str], client_id: str, perm_id: int, status: str) -> list[str]:
    """Write what TWS tells of an order that works, after the message's id."""
    known = order | {"clientId": client_id, "permId": str(perm_id), "status": status}
    return [known.get(name, "0" if name == "0" else "") for name in _OPEN.split()]
