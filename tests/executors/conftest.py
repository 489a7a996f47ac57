"""The toolchain of the executor in Go, and the executors built as `make executors` builds them."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.executors import cpp

ROOT = Path(__file__).parents[2]
GO_FOLDER = ROOT / "consumer" / "go"


@pytest.fixture(scope="session")
def go() -> Path:
    """Return the go command; the tests are skipped where none is new enough."""
    fetched = ROOT / "build" / "go" / "bin" / "go"
    command = str(fetched) if fetched.exists() else shutil.which("go")
    if (
        command
        and subprocess.run(
            [command, "list", "-m"], cwd=GO_FOLDER, capture_output=True, check=False
        ).returncode
        == 0
    ):
        return Path(command)
    pytest.skip("no Go as new as consumer/go/go.mod asks for: run deploy/setup-go.sh")


@pytest.fixture(scope="session")
def executor_go(go: Path) -> Path:
    """Return the executor in Go."""
    return _made("executor-go", f"GO={go}")


@pytest.fixture(scope="session")
def executor_cpp() -> Path:
    """Return the executor in C++."""
    cpp.require()
    return _made("executor-cpp")


@pytest.fixture(params=["go", "cpp"])
def executor(request: pytest.FixtureRequest) -> Path:
    """Return each executor of another language in turn."""
    built: Path = request.getfixturevalue(f"executor_{request.param}")
    return built


def _made(name: str, *settings: str) -> Path:
    made = subprocess.run(
        ["make", "--silent", f"build/{name}", *settings],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return ROOT / "build" / name
