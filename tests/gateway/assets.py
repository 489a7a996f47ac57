"""The instruments of docs/orders.md, with prices off their grids and what those become."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal
from typing import Final

from alertwire.wire.alert import Instrument, OptionRight, SecurityType
from producer.refusal import Refused
from producer.symbols import read_symbol
from simulator.optionchains import expiries


@dataclass(frozen=True, slots=True)
class Asset:
    """An instrument, two prices off its grid, and what they become for a buy and for a sell."""

    number: int
    name: str
    instrument: Instrument
    low: tuple[str, str, str]
    """Below the market: asked, bought at, sold at."""
    high: tuple[str, str, str]
    trail: tuple[str, str]
    """A distance: asked, used."""
    refuses: str = ""
    quantity: str = "1"
    ask: str = ""
    """What the simulator sells it at, where a market buy goes out as an amount of cash."""

    def cash(self, units: Decimal) -> str:
        """Return the amount that buys so many units, in whole cents; empty: bought in units."""
        if not self.ask:
            return ""
        return f"{(units * Decimal(self.ask)).quantize(Decimal('0.01'), ROUND_DOWN):f}"


def of(symbol: str) -> Instrument:
    found = read_symbol(symbol)
    assert not isinstance(found, Refused), found.message
    return found


def future_option() -> Instrument:
    return Instrument(
        security_type=SecurityType.FUTURE_OPTION,
        symbol="ES",
        exchange="CME",
        currency="USD",
        expiry=_expiry(),
        strike=Decimal(6650),
        right=OptionRight.CALL,
    )


def _expiry() -> str:
    return expiries(datetime.now(UTC).date())[4]


def cfd() -> Instrument:
    return Instrument(security_type=SecurityType.CFD, symbol="IBUS500", currency="USD")


_NO_AUCTION: Final = "MARKET_ON_OPEN MARKET_ON_CLOSE LIMIT_ON_OPEN LIMIT_ON_CLOSE"
_PLAIN_ONLY: Final = (
    f"{_NO_AUCTION} TRAILING_STOP TRAILING_STOP_LIMIT MARKET_IF_TOUCHED LIMIT_IF_TOUCHED"
)


def assets() -> tuple[Asset, ...]:
    option = of(f"OPRA:SPY{_expiry()[2:]}C660")
    cents = ("20.006", "20", "20.01"), ("900.006", "900", "900.01"), ("1.009", "1")
    return (
        Asset(1, "stock AAPL", of("NASDAQ:AAPL"), *cents),
        Asset(2, "fund SPY", of("AMEX:SPY"), *cents),
        Asset(
            3,
            "future ES1!",
            of("CME_MINI:ES1!"),
            ("5000.3", "5000.25", "5000.5"),
            ("9000.3", "9000.25", "9000.5"),
            ("10.3", "10.25"),
            _NO_AUCTION,
        ),
        Asset(
            4,
            "future ZC1!, in cents",
            of("CBOT:ZC1!"),
            ("300.3", "300.25", "300.5"),
            ("600.3", "600.25", "600.5"),
            ("10.3", "10.25"),
            _NO_AUCTION,
        ),
        Asset(
            5,
            "option on SPY",
            option,
            ("0.116", "0.11", "0.12"),
            ("900.016", "900.01", "900.02"),
            ("0.055", "0.05"),
            _NO_AUCTION,
        ),
        Asset(
            6,
            "option on ES",
            future_option(),
            ("5.3", "5.25", "5.5"),
            ("3000.3", "3000.25", "3000.5"),
            ("1.3", "1.25"),
            _NO_AUCTION,
        ),
        Asset(
            7,
            "forex EURUSD",
            of("FX:EURUSD"),
            ("0.90003", "0.9", "0.90005"),
            ("1.90003", "1.9", "1.90005"),
            ("0.00103", "0.001"),
            _NO_AUCTION,
            "20000",
        ),
        Asset(
            8,
            "crypto BTCUSD",
            of("COINBASE:BTCUSD"),
            ("50000.1", "50000", "50000.25"),
            ("190000.1", "190000", "190000.25"),
            ("100.1", "100"),
            _PLAIN_ONLY,
            "0.0125",
            "90004.5",
        ),
        Asset(9, "CFD IBUS500", cfd(), *cents[:2], ("1.009", "1")),
    )
