"""Control verbs that make things go wrong, and right again."""

from typing import TYPE_CHECKING

from simulator.faults import Note
from simulator.verbs import Answer, VerbError, decimal, order_of, verb

if TYPE_CHECKING:
    from simulator.tws import Tws

_LINK_TEXTS = {
    1100: "Connectivity between IBKR and Trader Workstation has been lost.",
    1101: "Connectivity between IBKR and Trader Workstation has been restored - data lost.",
    1102: "Connectivity between IBKR and Trader Workstation has been restored - data maintained.",
}
_FARM_TEXTS = {
    2103: "Market data farm connection is broken:",
    2104: "Market data farm connection is OK:",
    2105: "HMDS data farm connection is broken:",
    2106: "HMDS data farm connection is OK:",
    2107: "HMDS data farm connection is inactive but should be available upon demand.",
    2108: "Market data farm connection is inactive but should be available upon demand.",
    2110: "Connectivity between Trader Workstation and server is broken. It will be restored "
    "automatically.",
    2158: "Sec-def data farm connection is OK:",
}
_NOTE_TEXTS = {
    10349: "Order TIF was set to DAY based on order preset.",
    399: "Order Message:\nWarning: your order will not be placed at the exchange until "
    "the market opens",
    201: "Order rejected - reason:No trading permissions",
}


def _way(how: str) -> str:
    if how not in ("fin", "rst"):
        raise VerbError("how is fin or rst")
    return how


# Connections


@verb
def drop(tws: "Tws", when: str = "before", how: str = "fin", times: int = 1) -> Answer:
    """End the connection at the next placeOrder, before or after the order is accepted."""
    if when not in ("before", "after"):
        raise VerbError("drop: when is before or after")
    tws.faults.drops.extend([(when, _way(how))] * times)
    return {}


@verb
def kick(tws: "Tws", clientId: int | None = None, how: str = "fin") -> Answer:  # noqa: N803
    """End one client's connection, or all of them."""
    way = _way(how)
    gone = [one for one in tws.sessions if clientId in (None, one.client_id)]
    for session in gone:
        session.close(way)
    return {"kicked": len(gone)}


@verb
def mute(
    tws: "Tws",
    on: bool = True,
    mode: str = "silent",
    clientId: int | None = None,  # noqa: N803
) -> Answer:
    """Stop answering. `silent` still does what is asked; `hang` leaves it until unmuted."""
    if mode not in ("silent", "hang"):
        raise VerbError("mute: mode is silent or hang")
    tws.faults.mute = mode if on else ""
    tws.faults.muted_clients = frozenset() if clientId is None else frozenset({clientId})
    if not on:
        _wake(tws)
    return {}


def _wake(tws: "Tws") -> None:
    for session in list(tws.sessions):
        session.wake()


@verb
def refuse_sessions(tws: "Tws", on: bool = True) -> Answer:
    """Accept connections and close them at once, as a proxy does before a dead gateway."""
    tws.faults.is_refusing_sessions = on
    return {}


@verb
def take_client_id(tws: "Tws", clientId: int, on: bool = True) -> Answer:  # noqa: N803
    """Answer 326 to whoever connects with this client id."""
    taken = tws.faults.taken_client_ids
    tws.faults.taken_client_ids = taken | {clientId} if on else taken - {clientId}
    return {}


@verb
def read_only(tws: "Tws", on: bool = True) -> Answer:
    tws.faults.is_read_only = on
    return {}


@verb
def pacing(tws: "Tws", limit: int = 50) -> Answer:
    """Allow so many messages per second over all clients; 0 lifts the limit."""
    tws.faults.pacing_limit = limit
    return {}


@verb
def connectivity(tws: "Tws", code: int) -> Answer:
    """Send 1100, 1101 or 1102; between 1100 and the others nothing trades."""
    if code not in _LINK_TEXTS:
        raise VerbError("connectivity: code is 1100, 1101 or 1102")
    tws.faults.is_link_lost = code == 1100
    if code == 1101:
        for session in tws.sessions:
            session.market_data.clear()
    tws.reports.broadcast(code, _LINK_TEXTS[code])
    if code != 1100:
        tws.exchange.resume()
    return {}


@verb
def farm(tws: "Tws", code: int, name: str = "usfarm") -> Answer:
    if code not in _FARM_TEXTS:
        raise VerbError(f"farm: code is one of {sorted(_FARM_TEXTS)}")
    text = _FARM_TEXTS[code]
    tws.reports.broadcast(code, text + name if text.endswith(":") else text)
    return {}


@verb
def market_data(tws: "Tws", kind: str = "none", code: int = 0) -> Answer:
    """Say which prices are subscribed: live, delayed only, none, or silent, which never answers."""
    if kind not in ("live", "delayed", "none", "silent"):
        raise VerbError("market_data: kind is live, delayed, none or silent")
    tws.faults.market_data, tws.faults.market_data_code = kind, code
    return {}


@verb
def restart(tws: "Tws", how: str = "fin", down_s: float = 0.0) -> Answer:
    """End all connections; forget untransmitted and unacknowledged orders, and their ids.

    New connections are refused for `down_s`.
    """
    way = _way(how)
    for session in list(tws.sessions):
        session.close(way)
    if down_s > 0:
        tws.faults.is_refusing_sessions = True
        tws.later(float(down_s), lambda: setattr(tws.faults, "is_refusing_sessions", False))
    return {"lost": tws.lose_unacknowledged()}


# Orders


@verb
def reject_next(tws: "Tws", code: int = 201, text: str = "", times: int = 1) -> Answer:
    """Refuse the next placeOrder with a code and a text."""
    told = text or _NOTE_TEXTS.get(code, "Order rejected - reason:rejected by the simulator")
    tws.faults.rejections.extend([Note(code, told)] * times)
    return {}


@verb
def note_on_accept(tws: "Tws", code: int, text: str = "", times: int = 1) -> Answer:
    """Send a code and a text beside the acceptance of the next order, such as 10349 or 399."""
    told = text or _NOTE_TEXTS.get(code, "Order Message")
    tws.faults.notes_on_accept.extend([Note(code, told)] * times)
    return {}


@verb
def hold(tws: "Tws", on: bool = True, symbol: str = "") -> Answer:
    """Let orders rest without filling, all of them or one symbol's."""
    if symbol:
        held = tws.faults.held_symbols
        tws.faults.held_symbols = held | {symbol} if on else held - {symbol}
    else:
        tws.faults.is_holding = on
    if not on:
        tws.exchange.resume()
    return {}


@verb
def partial(tws: "Tws", parts: int = 2, delay_s: float = 0.0) -> Answer:
    """Fill in so many parts, with a pause between them."""
    if parts < 1:
        raise VerbError("partial: parts is at least 1")
    tws.faults.partial_parts = parts
    tws.faults.partial_delay_s = float(delay_s)
    return {}


@verb
def fill_delay(tws: "Tws", delay_s: float) -> Answer:
    tws.faults.fill_delay_s = float(delay_s)
    return {}


@verb
def fill_after_cancel(tws: "Tws", on: bool = True, delay_s: float = 0.1) -> Answer:
    """Fill what is cancelled, a little after its cancellation was confirmed."""
    tws.faults.fill_after_cancel_s = float(delay_s) if on else None
    return {}


@verb
def correct(
    tws: "Tws",
    price: float | str,
    orderRef: str = "",  # noqa: N803
    permId: int = 0,  # noqa: N803
) -> Answer:
    """Correct the price of an order's last execution."""
    order = order_of(tws, orderRef, permId)
    if not order.fills:
        raise VerbError("correct: the order has no execution")
    fill = tws.exchange.correct(order, decimal(price, "price"))
    return {"execId": fill.execution_id}


# Reports


@verb
def late_status(tws: "Tws", delay_s: float) -> Answer:
    """Send openOrder and orderStatus late; executions come at once."""
    tws.faults.status_delay_s = float(delay_s)
    return {}


@verb
def duplicate_status(tws: "Tws", copies: int = 1) -> Answer:
    """Send every orderStatus so many times more."""
    tws.faults.duplicate_statuses = copies
    return {}


@verb
def execution_first(tws: "Tws", on: bool = True) -> Answer:
    """Tell an execution before anything else about its order."""
    tws.faults.is_execution_first = on
    return {}


@verb
def silent_fill(tws: "Tws", times: int = -1) -> Answer:
    """Tell fills by execDetails only; -1 means all, 0 none."""
    tws.faults.silent_fills = times
    return {}


@verb
def commission_delay(tws: "Tws", delay_s: float) -> Answer:
    tws.faults.commission_delay_s = float(delay_s)
    return {}


# Right again


@verb
def clear_faults(tws: "Tws") -> Answer:
    tws.faults.clear()
    _wake(tws)
    tws.exchange.resume()
    return {}


@verb
def reset(tws: "Tws") -> Answer:
    """Begin anew: no orders, positions, faults or prices; connections end."""
    tws.reset()
    return {}
