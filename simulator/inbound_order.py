"""placeOrder, decoded: some 115 fields in the order TWS reads them.

TWS API: fields behind a version gate are present only when that version was agreed; some blocks
are present only for certain order types or when the field before them says so.
"""

from dataclasses import dataclass
from decimal import Decimal

from simulator import versions
from simulator.contracts import ContractQuery, read_contract
from simulator.fields import FieldError, FieldReader
from simulator.orders import Terms

# TWS API: fields of each order condition after its type, without the two flags at the end.
_CONDITION_FIELDS = {1: 6, 3: 3, 4: 3, 5: 4, 6: 5, 7: 5}


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    order_id: int
    contract: ContractQuery
    terms: Terms


def decode_place_order(reader: FieldReader, version: int) -> PlaceOrder:
    """Read a placeOrder from the field after its message id."""
    order_id = reader.integer()
    contract = read_contract(reader)
    reader.skip(2)  # secIdType, secId
    action = reader.text().upper()
    quantity = reader.decimal() or Decimal(0)
    order_type = reader.text().upper()
    limit_price, aux_price = reader.decimal(), reader.decimal()
    tif, oca_group, account, open_close = (
        reader.text(),
        reader.text(),
        reader.text(),
        reader.text(),
    )
    origin, order_ref = reader.integer(), reader.text()
    transmit, parent_id = reader.flag(), reader.integer()
    reader.skip(2)  # blockOrder, sweepToFill
    display_size = reader.integer(-1)
    trigger_method = reader.integer()
    outside_rth, hidden = reader.flag(), reader.flag()
    if contract.sec_type == "BAG":
        reader.skip(8 * reader.integer())
        reader.skip(reader.integer())
        reader.skip(2 * reader.integer())
    reader.skip(1)  # sharesAllocation, long gone
    discretionary_amount = reader.decimal()
    good_after_time, good_till_date = reader.text(), reader.text()
    reader.skip(3)  # faGroup, faMethod, faPercentage
    if version < versions.NO_FA_PROFILE:
        reader.skip(1)
    model_code = reader.text()
    reader.skip(3)  # shortSaleSlot, designatedLocation, exemptCode
    oca_type, rule_80a = reader.integer(), reader.text()
    reader.skip(1)  # settlingFirm
    all_or_none = reader.flag()
    min_quantity = reader.integer(-1)
    # percentOffset, eTradeOnly, firmQuoteOnly, nbboPriceCap, auctionStrategy, startingPrice,
    # stockRefPrice, delta, stockRangeLower, stockRangeUpper, overridePercentageConstraints,
    # volatility, volatilityType
    reader.skip(13)
    delta_neutral_type = reader.text()
    reader.skip(1)  # deltaNeutralAuxPrice
    if delta_neutral_type:  # "None" counts: the string is not empty.
        reader.skip(8)
    reader.skip(2)  # continuousUpdate, referencePriceType
    trail_stop_price, trailing_percent = reader.decimal(), reader.decimal()
    _skip_scale_and_hedge(reader)
    reader.skip(4)  # optOutSmartRouting, clearingAccount, clearingIntent, notHeld
    if reader.flag():  # deltaNeutralContract
        reader.skip(3)
    algo_strategy = reader.text()
    algo_parameters = _tagged(reader) if algo_strategy else ()
    reader.skip(1)  # algoId
    is_what_if = reader.flag()
    reader.skip(4)  # orderMiscOptions, solicited, randomizeSize, randomizePrice
    if order_type == "PEG BENCH":
        reader.skip(5)
    condition_count = _skip_conditions(reader)
    adjusted_order_type = reader.text()
    trigger_price = reader.decimal()
    limit_price_offset = reader.decimal()
    adjusted_stop_price = reader.decimal()
    reader.skip(1)  # adjustedStopLimitPrice
    adjusted_trailing_amount = reader.decimal()
    adjustable_trailing_unit = reader.integer()
    reader.skip(3)  # extOperator, softDollarTier name and value
    cash_quantity = reader.decimal()
    return PlaceOrder(
        order_id,
        contract,
        Terms(
            action=action,
            quantity=quantity,
            order_type=order_type,
            limit_price=limit_price,
            aux_price=aux_price,
            tif=tif or "DAY",
            oca_group=oca_group,
            account=account,
            open_close=open_close,
            origin=origin,
            order_ref=order_ref,
            transmit=transmit,
            parent_id=parent_id,
            display_size=display_size if display_size > 0 else None,
            trigger_method=trigger_method,
            outside_rth=outside_rth,
            hidden=hidden,
            discretionary_amount=discretionary_amount,
            good_after_time=good_after_time,
            good_till_date=good_till_date,
            model_code=model_code,
            oca_type=oca_type,
            rule_80a=rule_80a,
            all_or_none=all_or_none,
            min_quantity=min_quantity if min_quantity > 0 else None,
            trail_stop_price=trail_stop_price,
            trailing_percent=trailing_percent,
            limit_price_offset=limit_price_offset,
            algo_strategy=algo_strategy,
            algo_parameters=algo_parameters,
            cash_quantity=cash_quantity or None,
            is_what_if=is_what_if,
            condition_count=condition_count,
            adjusted_order_type="" if adjusted_order_type == "None" else adjusted_order_type,
            trigger_price=trigger_price,
            adjusted_stop_price=adjusted_stop_price,
            adjusted_trailing_amount=adjusted_trailing_amount,
            adjustable_trailing_unit=adjustable_trailing_unit,
        ),
    )


def _skip_scale_and_hedge(reader: FieldReader) -> None:
    reader.skip(2)  # scaleInitLevelSize, scaleSubsLevelSize
    increment = reader.decimal()
    if increment is not None and increment > 0:
        reader.skip(7)
    reader.skip(3)  # scaleTable, activeStartTime, activeStopTime
    if reader.text():  # hedgeType
        reader.skip(1)


def _tagged(reader: FieldReader) -> tuple[tuple[str, str], ...]:
    return tuple((reader.text(), reader.text()) for _ in range(reader.integer()))


def _skip_conditions(reader: FieldReader) -> int:
    count = reader.integer()
    for _ in range(count):
        kind = reader.integer()
        size = _CONDITION_FIELDS.get(kind)
        if size is None:
            raise FieldError(f"no order condition has type {kind}")
        reader.skip(size)
    if count:
        reader.skip(2)  # conditionsIgnoreRth, conditionsCancelOrder
    return count
