"""How a route reads alerts: what `alertwire.toml` says about dialects, sizes and symbols."""

from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Annotated, Final, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from alertwire.wire.alert import Instrument, OptionRight, SecurityType

_TEXT: Final = r"^[ -~]{0,32}$"
_Text = Annotated[str, Field(pattern=_TEXT)]
_Amount = Annotated[Decimal, Field(gt=0, max_digits=30, decimal_places=12)]


class DialectName(str, Enum):  # noqa: UP042 - see alertwire.settings
    """In which words a route's alerts are written."""

    AUTO = "auto"
    NATIVE = "native"
    TRADERSPOST = "traderspost"
    TRADINGBOAT = "tradingboat"
    PINECONNECTOR = "pineconnector"
    SIGNALSTACK = "signalstack"
    LARRY = "larry"
    TRADINGVIEW = "tradingview"


class EntryQuantity(str, Enum):  # noqa: UP042
    """What the quantity of a TradersPost entry is."""

    ORDER = "order"
    POSITION = "position"


class Volume(str, Enum):  # noqa: UP042
    """What PineConnector's `risk` counts."""

    UNITS = "units"
    LOTS = "lots"
    CASH = "cash"
    EQUITY_PERCENT = "equity_percent"
    RISK_CASH = "risk_cash"
    RISK_PERCENT = "risk_percent"


class Distance(str, Enum):  # noqa: UP042
    """What PineConnector's `sl`, `tp` and `price` count."""

    PIPS = "pips"
    PRICE = "price"
    PERCENT = "percent"


class PineConnector(BaseModel):
    """What the settings of PineConnector's own expert adviser would say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    volume: Volume | None = Field(None, description="What risk= counts; unset: refused.")
    targets: Distance | None = Field(
        None, description="What sl= and tp= count: a distance in pips, a price, or percent."
    )
    prices: Distance | None = Field(
        None,
        description="What price= of a pending order counts; price is the only one that is read.",
    )
    pip_size: _Amount | None = Field(
        None, description="Price of one pip of a currency pair, such as 0.0001."
    )
    lot_size: _Amount | None = Field(
        None, description="Units in one lot of a currency pair, such as 100000."
    )
    pip_sizes: dict[str, _Amount] = Field(
        default_factory=dict, description="Price of one pip by symbol, before pip_size."
    )
    lot_sizes: dict[str, _Amount] = Field(
        default_factory=dict, description="Units in one lot by symbol, before lot_size."
    )

    @field_validator("pip_sizes", "lot_sizes")
    @classmethod
    def _in_capitals(cls, sizes: dict[str, Decimal]) -> dict[str, Decimal]:
        return {symbol.upper(): size for symbol, size in sizes.items()}


class NamedInstrument(BaseModel):
    """What a symbol of this route stands for, in Interactive Brokers' own terms."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str = Field(
        description="stock, future, forex, option, future_option, crypto, cfd or commodity."
    )
    symbol: _Text = Field(min_length=1, description="The broker's symbol.")
    exchange: _Text = Field(min_length=1, description="Where to route: SMART, CME, PAXOS.")
    primary_exchange: _Text = ""
    currency: str = Field("USD", pattern=r"^[A-Z]{3}$")
    expiry: str = Field("", pattern=r"^(\d{6}|\d{8})?$")
    strike: _Amount | None = None
    right: str = Field("", pattern=r"^(call|put)?$")
    multiplier: _Amount | None = None
    local_symbol: _Text = ""
    trading_class: _Text = ""
    continuous_depth: int = Field(0, ge=0, le=9, description="1: the front month; 2: the next.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        kinds = {kind.name.lower() for kind in SecurityType}
        if self.type not in kinds:
            raise ValueError(f"type must be one of {', '.join(sorted(kinds))}")
        if self.expiry:
            try:
                date(int(self.expiry[:4]), int(self.expiry[4:6]), int(self.expiry[6:] or 1))
            except ValueError:
                raise ValueError("expiry must be a month or day, YYYYMM or YYYYMMDD") from None
        if self.type == "future" and not (
            self.expiry or self.continuous_depth or self.local_symbol
        ):
            raise ValueError("a future needs expiry, continuous_depth or local_symbol")
        is_option = self.type in {"option", "future_option"}
        if is_option and not self.local_symbol and not (self.expiry and self.strike and self.right):
            raise ValueError("an option needs expiry, strike and right")
        return self

    def instrument(self, source: str) -> Instrument:
        """Return the instrument for an alert that spelled it as `source`."""
        return Instrument(
            security_type=SecurityType[self.type.upper()],
            symbol=self.symbol,
            exchange=self.exchange,
            primary_exchange=self.primary_exchange,
            currency=self.currency,
            expiry=self.expiry,
            strike=self.strike,
            right=OptionRight[self.right.upper()] if self.right else None,
            multiplier=self.multiplier,
            local_symbol=self.local_symbol,
            trading_class=self.trading_class,
            continuous_depth=self.continuous_depth,
            source_symbol=source,
        )
