"""The C programs: compiled when a run needs them, into its own folder."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

from alertwire.faults import ConfigurationError

_HERE: Final = Path(__file__).parent
SENDER: Final = _HERE / "sender.c"
LEG: Final = _HERE / "floor" / "leg.c"
CHAIN: Final = _HERE / "floor" / "chain.c"
_COMPILERS: Final = ("cc", "gcc", "clang")
_COMPILE_TIMEOUT_S: Final = 60
_REMEDY: Final = "apt-get install build-essential libzmq3-dev"


def compiler() -> str | None:
    """Return the C compiler of this machine, if it has one."""
    return next(filter(None, map(shutil.which, _COMPILERS)), None)


def build(source: Path, folder: Path) -> Path:
    """Compile `source` into `folder`. Raises ConfigurationError that tells what to install."""
    found = compiler()
    if found is None:
        raise ConfigurationError(f"no C compiler for {source.name}; install one with: {_REMEDY}")
    target = folder / source.stem
    if target.exists():
        return target
    needs_zmq = "#include <zmq.h>" in source.read_text(encoding="utf-8")
    command = [found, "-O2", "-o", str(target), str(source), *(["-lzmq"] if needs_zmq else [])]
    done = subprocess.run(
        command, capture_output=True, text=True, timeout=_COMPILE_TIMEOUT_S, check=False
    )
    if done.returncode != 0:
        missing_zmq = needs_zmq and ("zmq.h" in done.stderr or "-lzmq" in done.stderr)
        raise ConfigurationError(
            f"the floor needs libzmq's C header; install it with: {_REMEDY}"
            if missing_zmq
            else f"{source.name} did not compile: {done.stderr.strip()}"
        )
    return target
