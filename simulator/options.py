"""Everything a simulator can be started with."""

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from simulator import versions

DEFAULT_PORT = 4102
DEFAULT_ACCOUNT = "DU1234567"


@dataclass(frozen=True, slots=True)
class SimulatorOptions:
    host: str = "127.0.0.1"
    # 0 lets the system choose; `Simulator.port` tells which.
    port: int = DEFAULT_PORT
    # None is the port after the TWS port.
    control_port: int | None = None
    accounts: tuple[str, ...] = (DEFAULT_ACCOUNT,)
    seed: int = 7
    server_version: int = versions.NEWEST
    cash: Decimal = Decimal(1_000_000)
    # Seconds between two steps of the market; 0 lets prices stand still.
    tick_interval_s: float = 0.25
    # Market seconds that pass in one real second.
    time_scale: float = 1.0
    master_client_id: int | None = None
    pacing_limit: int = 0
    scenario: Path | None = None
