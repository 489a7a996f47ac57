"""The toolchain of the executor in C++: whether it is there, and how it is run."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CPP_FOLDER: Final = ROOT / "consumer" / "cpp"
_LIBRARIES: Final = (
    "libzmq",
    "tomlplusplus",
    "prometheus-cpp-core",
    "protobuf",
    "nlohmann_json",
    "gtest_main",
)


def missing() -> str:
    """Say what is not installed; empty where all is there."""
    tools = [tool for tool in ("cmake", "c++", "protoc", "pkg-config") if not shutil.which(tool)]
    if tools:
        return ", ".join(tools)
    found = subprocess.run(
        ["pkg-config", "--print-errors", "--exists", *_LIBRARIES],
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        return found.stderr.strip()
    return "" if Path("/usr/include/zmq.hpp").exists() else "zmq.hpp (cppzmq-dev)"


def require() -> None:
    """Skip a test where the toolchain is not there."""
    if lack := missing():
        pytest.skip(f"the executor in C++ cannot be built: {lack}; see consumer/cpp/README.md")


def run(*command: str | Path, cwd: Path = CPP_FOLDER) -> subprocess.CompletedProcess[str]:
    """Run a command of the toolchain to its end."""
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)


def built(preset: str) -> Path:
    """Return the folder in which a preset is configured and built."""
    configured = run("cmake", "--preset", preset)
    assert configured.returncode == 0, configured.stdout + configured.stderr
    made = run("cmake", "--build", "--preset", preset, "--parallel", str(os.cpu_count() or 1))
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "build" / "cpp" / preset


if __name__ == "__main__":
    # For the Makefile: 0 where the executor can be built.
    raise SystemExit(bool(missing()))
