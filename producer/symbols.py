"""From TradingView's names of instruments to the broker's: `CME_MINI:ESZ2026` → ES, CME, 202612.

What cannot be told for certain is refused by name. Nothing here asks the broker: the gateway
qualifies the instrument and demands exactly one match. The tables are in symbols.toml.
"""

import functools
import re
import tomllib
from datetime import date
from decimal import Decimal
from importlib.resources import files
from typing import Any, Final

from alertwire.wire.alert import Instrument, OptionRight, SecurityType
from producer.refusal import Refused, unfit

_TABLES: Final[dict[str, Any]] = tomllib.loads(
    files("producer").joinpath("symbols.toml").read_text(encoding="utf-8")
)
_STOCKS: Final = _TABLES["stocks"]
_FUTURES: Final = _TABLES["futures"]
_ROOTS: Final = _TABLES["roots"]
_FOREX: Final = frozenset(_TABLES["forex"]["prefixes"])
_RANK: Final = {c: n for n, line in enumerate(_TABLES["forex"]["ranks"]) for c in line}
_METALS: Final = frozenset(_TABLES["forex"]["metals"])
_CRYPTO: Final = frozenset(_TABLES["crypto"]["prefixes"])
_BASES: Final = frozenset(_TABLES["crypto"]["bases"])

_COMPUTED: Final = frozenset(_TABLES["bare"]["computed"]) | (
    frozenset().union(*_TABLES["indices"].values()) - {"*"}
)
_BROKERS_NAMES: Final = frozenset(_TABLES["bare"]["brokers"])

_FORM: Final = re.compile(r"(?:([A-Z0-9_]{1,16}):)?([A-Z0-9._!&]{1,32})", re.ASCII)
_DELAYED: Final = re.compile(r"_DLY?\Z")
_CONTINUOUS: Final = re.compile(r"([A-Z0-9]{1,12})([1-9])!", re.ASCII)
"""Only the last digit belongs to the mark: NK2251! is NK225, first contract."""
_MONTH: Final = re.compile(r"([A-Z0-9]{1,12}?)([FGHJKMNQUVXZ])(20\d\d|\d\d)", re.ASCII)
_MONTH_CODES: Final = "FGHJKMNQUVXZ"
_TWENTIES_FROM: Final = "6"
"""From this last digit on a year is told as one of the 2020s, in what is only an example."""
_OPTION: Final = re.compile(
    r"(?:OPRA:)?([A-Z]{1,6}) {0,5}(\d{6})([CP])(?:(\d{8})|(\d{1,5}(?:\.\d{1,3})?))", re.ASCII
)
"""Eight digits are OSI's thousandths, else it is the strike. Some put a space behind the root."""
_PAIR_AND_MORE: Final = re.compile(
    rf"({'|'.join(_RANK)})[._]?({'|'.join(_RANK)})[A-Z._]|({'|'.join(_METALS)})[A-Z._]"
    rf"|({'|'.join(_RANK)})[._]({'|'.join(_RANK)})\Z"
)
"""EURUSDm, EURUSD.r, EUR.USD: a currency pair in the words of some other broker."""
_CRYPTO_CROSS: Final = re.compile(
    rf"({'|'.join(_BASES)})(?!USD\Z)({'|'.join(_RANK)}|USDC|BTC|ETH)", re.ASCII
)
"""BTCEUR, ETHBTC: no stock has such a name."""
_AMERICAN: Final = re.compile(r"[A-Z&_]+\.?(\.([A-Z]|WS|WD|WI|RT|UN|CL|PR[A-Z]?))?", re.ASCII)
"""A stock in the United States; behind the dot stands the class, not another broker's country."""
_CLASS: Final = re.compile(r"((?:[A-Z0-9_]{1,16}:)?[A-Z]{1,5})[-/]([A-Z])", re.ASCII)
"""BRK-B, BRK/B: a share class in the words of others."""
_OTHERS_OPTION: Final = re.compile(r"\.?([A-Z]{1,6})[_ ]?(\d{6}[CP][\d.]{1,9})", re.ASCII)
"""SPY_261218P600, .SPY261218P600: an option in the words of others."""
_DATED: Final = re.compile(r"([A-Z0-9]{1,12}?)([FGHJKMNQUVXZ])(20\d\d|\d{1,2})", re.ASCII)
"""As `_MONTH`, and ESZ6 with the last digit of its year alone."""
_CFDS: Final = _TABLES["bare"]["cfds"]
_CFD: Final = re.compile(
    rf"(?:[A-Z0-9_]{{1,16}}:)?({'|'.join(_CFDS)})(?:[._]?[A-Z]{{1,6}})?", re.ASCII
)
"""NAS100, US30.cash, SPX500USD: an index as brokers of contracts for difference call it."""
_PERPETUAL: Final = re.compile(r"(USDT?|USDC|BUSD)\.P\Z|PERP\Z")
_STABLE: Final = re.compile(
    rf"[A-Z0-9]{{2,}}(USDT|FDUSD)\Z|({'|'.join(_BASES)})(BUSD|TUSD)\Z", re.ASCII
)
"""DOTUSD and SHIBUSD end in TUSD and BUSD too, and are none."""


@functools.lru_cache(maxsize=4096)
def read_symbol(text: str) -> Instrument | Refused:
    """Translate a symbol in TradingView's notation, with or without its exchange."""
    if " " in text and _OPTION.fullmatch(text.upper()):
        return _option(text.upper(), text) or _no(f"{text} is not an option: SPY 261218C596")
    found = _FORM.fullmatch(text.upper())
    if found is None:
        return _no(_why_unreadable(text))
    prefix = _canonical(found[1] or "")
    ticker = found[2]
    if reason := _TABLES["refused"].get(prefix):
        return _no(f"{text} cannot be ordered: {reason}")
    if _PERPETUAL.search(ticker) and prefix not in _STOCKS:
        return _no(f"{text} is a perpetual, which Interactive Brokers does not have")
    if _STABLE.search(ticker) and prefix not in _STOCKS:
        return _no(f"{text} is a USDT pair, which Interactive Brokers does not have; use USD")
    indices = _TABLES["indices"].get(prefix, ())
    if ticker in indices or "*" in indices:
        return _no(f"{text} is an index; order a future, an option or a fund on it instead")
    read = _with_prefix(prefix, ticker, text) if prefix else _bare(ticker, text)
    return read if read is not None else _no(_why_unknown(prefix, text))


def _with_prefix(prefix: str, ticker: str, source: str) -> Instrument | Refused | None:
    if prefix in _FUTURES:
        future = _future(ticker, source, prefix)
        if future is not None or prefix not in _STOCKS:
            return future
    if prefix in _STOCKS:
        exchange, primary, currency = _STOCKS[prefix]
        symbol: str = _TABLES["stock_symbols"].get(f"{prefix}:{ticker}", ticker)
        return _stock(symbol, source, exchange, primary, currency)
    if prefix in _FOREX:
        return _forex(ticker, source)
    if prefix in _CRYPTO:
        return _crypto(ticker, source)
    return _option(ticker, source) if prefix == "OPRA" else None


def _bare(ticker: str, source: str) -> Instrument | Refused | None:
    """Read a ticker without exchange: only what can be one thing, else a US stock."""
    if "!" in ticker or any(digit in ticker for digit in "0123456789"):
        return _option(ticker, source) or _future(ticker, source, "")
    if ticker in _METALS or (len(ticker) == 6 and ticker[:3] in _RANK and ticker[3:] in _RANK):
        return _forex(ticker, source)
    if (ticker.endswith("USD") and ticker[:-3] in _BASES) or _CRYPTO_CROSS.fullmatch(ticker):
        return _crypto(ticker, source)
    if ticker in _COMPUTED:
        return _no(
            f"{source} is an index or a price that nobody trades; write the exchange before it "
            f"where a stock of that name is meant, such as NASDAQ:{ticker}"
        )
    is_pair = _PAIR_AND_MORE.match(ticker) or (len(ticker) > 5 and ticker.endswith("USD"))
    if is_pair or not _AMERICAN.fullmatch(ticker):
        return _no(f"{source} can be several things; write it as {{{{exchange}}}}:{{{{ticker}}}}")
    return _stock(ticker, source, "SMART", "", "USD")


def ambiguity(ticker: str) -> str:
    """Say why a ticker that a trader wrote by hand, without exchange, may be two things.

    `{{ticker}}` makes ES1! of a future, so that ES is a stock there. TradersPost and others take ES
    for the future as well. Empty: it can be one thing only.
    """
    remedy = f"write the stock with its exchange, such as NASDAQ:{ticker}, or"
    if ticker in _ROOTS:
        market = _ROOTS[ticker]["market"]
        if ticker in _BASES:
            return (
                f"{ticker} may be a crypto currency, a future or a stock: write the pair as "
                f"{ticker}USD, the future as {market}:{ticker}1!, or the stock with its exchange, "
                f"such as NASDAQ:{ticker}"
            )
        return f"{ticker} may be a future or a stock: {remedy} the future as {market}:{ticker}1!"
    if ticker in _BASES:
        return f"{ticker} may be a crypto currency or a stock: {remedy} the pair as {ticker}USD"
    if ticker in _BROKERS_NAMES:
        return f"{ticker} may be a price or a stock: {remedy} name it in [routes.NAME.symbols]"
    return ""


def stock_anywhere(ticker: str, currency: str) -> Instrument | Refused:
    """Return a stock in the broker's own terms: by its currency alone, BRK B as well as BRK.B."""
    found = _stock(ticker.upper().replace(" ", "."), ticker, "SMART", "", currency)
    return found or _no(_why_unreadable(ticker))


def brokers_root(root: str) -> str:
    """Return the broker's name of a root of futures that TradingView names so: 6E is EUR there."""
    found: str = _ROOTS.get(root, {}).get("symbol", root)
    return found


def option_root(ticker: str) -> str:
    """Return the root of the options on a ticker: those on BRK.B are listed under BRKB."""
    for root, symbol in _TABLES["option_symbols"].items():
        if symbol == ticker.replace(".", " ") != root:
            found: str = root
            return found if " " in symbol else ticker
    return ticker


def dated_root(ticker: str) -> tuple[str, str, str]:
    """Split MESZ2026 into its root, the year as far as it is told, and the month: MES, 2026, 12.

    Only where the root is known: ESTX50 is no EST of November 2050. Of MES1! only the root is told,
    and anything else is a root already.
    """
    if (found := _CONTINUOUS.fullmatch(ticker)) and found[1] in _ROOTS:
        return found[1], "", ""
    if (found := _DATED.fullmatch(ticker)) and found[1] in _ROOTS:
        return found[1], found[3], f"{_MONTH_CODES.index(found[2]) + 1:02d}"
    return ticker, "", ""


def brokers_terms(root: str, exchange: str) -> dict[str, str]:
    """Return what the broker calls a future that TradingView names otherwise; empty for any other.

    SIL is SI there, with a trading class and multiplier of its own.
    """
    facts: dict[str, str] = _ROOTS.get(root, {})
    if "symbol" not in facts:
        return {}
    place, currency = _FUTURES[facts["market"]]
    is_there = _canonical(exchange) in {facts["market"], place, facts.get("exchange")}
    return {"currency": currency, **facts} if is_there else {}


def is_american(prefix: str) -> bool:
    """Whether options at OPRA are on what is listed under this prefix."""
    prefix = _canonical(prefix)
    _, primary, currency = _STOCKS.get(prefix, ("", "", ""))
    is_listing = currency == "USD" and primary != "LSE"
    return is_listing or prefix in {"OPRA", "SP", "DJ"}


def _canonical(prefix: str) -> str:
    prefix = _DELAYED.sub("", prefix)
    alias: str = _TABLES["aliases"].get(prefix, prefix)
    return alias


def _stock(
    ticker: str, source: str, exchange: str, primary: str, currency: str
) -> Instrument | None:
    if not re.fullmatch(r"[A-Z0-9&._]{1,20}", ticker) or not re.search("[A-Z0-9]", ticker):
        return None
    if currency == "USD":
        # Share classes: BRK.B is "BRK B" at IB. Canada and London keep their dots.
        ticker = ticker.rstrip(".").replace(".", " ")
    return Instrument(
        security_type=SecurityType.STOCK,
        symbol=ticker.replace("_", "."),
        exchange=exchange,
        primary_exchange=primary,
        currency=currency,
        source_symbol=source,
    )


def _future(ticker: str, source: str, prefix: str) -> Instrument | None:
    depth, expiry = 0, ""
    if continuous := _CONTINUOUS.fullmatch(ticker):
        root, depth = continuous[1], int(continuous[2])
    elif month := _MONTH.fullmatch(ticker):
        root = month[1]
        expiry = f"20{month[3][-2:]}{_MONTH_CODES.index(month[2]) + 1:02d}"
    else:
        return None
    known = _ROOTS.get(root)
    if known is None and not prefix:
        return None
    facts: dict[str, str] = known or {}
    # A root of one market may mean something else on another.
    exchange, currency = _FUTURES[prefix or facts["market"]]
    if known and _FUTURES[facts["market"]][0] != exchange:
        facts = {}
    return Instrument(
        security_type=SecurityType.FUTURE,
        symbol=facts.get("symbol", root),
        exchange=facts.get("exchange", exchange),
        currency=facts.get("currency", currency),
        expiry=expiry,
        multiplier=Decimal(facts["multiplier"]) if "multiplier" in facts else None,
        trading_class=facts.get("trading_class", ""),
        continuous_depth=depth,
        source_symbol=source,
    )


def _forex(pair: str, source: str) -> Instrument | Refused | None:
    if pair in _METALS:
        return Instrument(
            security_type=SecurityType.COMMODITY,
            symbol=pair,
            exchange="SMART",
            currency="USD",
            source_symbol=source,
        )
    base, quote = pair[:3], pair[3:]
    if base not in _RANK or quote not in _RANK or base == quote:
        return _no(_cfd(source) or f"{source} is not a currency pair that Interactive Brokers has")
    if _RANK[base] > _RANK[quote]:
        return _no(
            f"{source} is the inverse of {quote}{base}, which is what Interactive Brokers trades; "
            f"use {quote}{base} and turn the side round"
        )
    return Instrument(
        security_type=SecurityType.FOREX,
        symbol=base,
        exchange="IDEALPRO",
        currency=quote,
        source_symbol=source,
    )


def _crypto(pair: str, source: str) -> Instrument | Refused | None:
    base, quote = pair[:-3], pair[-3:]
    base = _TABLES["crypto"]["symbols"].get(base, base)
    if quote != "USD" or not re.fullmatch(r"[A-Z0-9]{2,10}", base):
        return _no(f"{source}: Interactive Brokers trades crypto currencies against USD only")
    return Instrument(
        security_type=SecurityType.CRYPTO,
        symbol=base,
        exchange=_TABLES["crypto"]["exchange"],
        currency=quote,
        source_symbol=source,
    )


def _option(ticker: str, source: str) -> Instrument | None:
    found = _OPTION.fullmatch(ticker)
    if found is None:
        return None
    root, day, right = found[1], found[2], found[3]
    strike = Decimal(found[4]) / 1000 if found[4] else Decimal(found[5])
    try:
        date(2000 + int(day[:2]), int(day[2:4]), int(day[4:]))
    except ValueError:
        return None
    if not strike:
        return None
    return Instrument(
        security_type=SecurityType.OPTION,
        symbol=_TABLES["option_symbols"].get(root, root),
        exchange="SMART",
        currency="USD",
        expiry=f"20{day}",
        strike=_plain(strike),
        right=OptionRight.CALL if right == "C" else OptionRight.PUT,
        multiplier=Decimal(100),
        # OSI: root in six places, then the strike in thousandths in eight.
        local_symbol=f"{root:<6}{day}{right}{int(strike * 1000):08d}",
        trading_class=root,
        source_symbol=source,
    )


def _plain(number: Decimal) -> Decimal:
    text = f"{number:f}"
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)


def _no(message: str) -> Refused:
    return unfit("symbol", message, "symbol")


def _why_unreadable(text: str) -> str:
    upper = text.upper()
    prefix, _, rest = upper.rpartition(":")
    pair = re.fullmatch(r"([A-Z]{2,5})[-/]([A-Z]{3,4})", rest)
    if pair and pair[1] in {*_RANK, *_BASES, "XAU", "XAG"} and pair[2] in {*_RANK, "USDT", "USDC"}:
        found = f"{prefix}:{pair[1]}{pair[2]}".lstrip(":")
        return f"{text} may be an expression; the pair is written {found}"
    if share := _CLASS.fullmatch(upper):
        return f"{text} may be a spread; the share class is written {share[1]}.{share[2]}"
    if text.count(":") > 1 or any(sign in text for sign in "/*+-"):
        return f"{text} is a spread or an expression; order its legs one by one"
    return f"{text!r} is not a symbol such as NASDAQ:AAPL or CME_MINI:ES1!"


def _cfd(text: str) -> str:
    found = _CFD.fullmatch(text.upper())
    if found is None:
        return ""
    future = _CFDS[found[1]]
    return (
        f"{text} is a contract for difference on an index, which is not traded here: order a "
        f"future on it{f', such as {future}' if future else ''}, or say what it stands for in "
        f"[routes.NAME.symbols]"
    )


def _why_unknown(prefix: str, text: str) -> str:
    upper = text.upper()
    if prefix not in _STOCKS and (reason := _cfd(upper)):
        return reason
    _, year, month = dated_root(upper.rpartition(":")[2])
    if len(year) == 1 and (not prefix or prefix in _FUTURES):
        letter = _MONTH_CODES[int(month) - 1]
        decade = "202" if year >= _TWENTIES_FROM else "203"
        return (
            f"{text} leaves the decade of its year open: write the year in four digits, such as "
            f"{upper.removesuffix(letter + year)}{letter}{decade}{year}"
        )
    if option := _OTHERS_OPTION.fullmatch(upper):
        return f"{text} is not how an option is written here: write {option[1]}{option[2]}"
    known = {*_STOCKS, *_FUTURES, *_FOREX, *_CRYPTO, "OPRA"}
    if prefix and prefix not in known:
        return f"{text}: the exchange {prefix} is not known; use a prefix such as NASDAQ"
    if prefix == "OPRA":
        return f"{text} is not an option such as OPRA:AAPL261218C200.0"
    if prefix:
        return f"{text} is not a future such as {prefix}:ESZ2026 or {prefix}:ES1!"
    return f"{text} needs its exchange before it, such as CME_MINI:ES1! or TSE:7203"
