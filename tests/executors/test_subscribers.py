"""The examples of subscribers, beside a real gateway."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.installation import Installation
from tests.executors import cpp
from tests.executors.conftest import ROOT

LINES_MAX = 60
BUY = {"strategy": "told", "symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1"}
SUBSCRIBERS = ROOT / "examples" / "subscribers"
GO = SUBSCRIBERS / "go"


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    made = Installation(tmp_path)
    yield made
    made.stop()


def test_a_subscriber_fits_on_a_screen() -> None:
    assert len((GO / "main.go").read_text().splitlines()) <= LINES_MAX


@pytest.fixture(scope="module")
def subscriber_go(go: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    program = tmp_path_factory.mktemp("go") / "subscriber"
    built = subprocess.run(
        [go, "build", "-buildvcs=false", "-o", program, "."],
        cwd=GO,
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    return program


@pytest.fixture(scope="module")
def subscriber_cpp(tmp_path_factory: pytest.TempPathFactory) -> Path:
    cpp.require()
    folder = tmp_path_factory.mktemp("cpp")
    for command in (("cmake", "-B", str(folder)), ("cmake", "--build", str(folder), "--parallel")):
        done = cpp.run(*command, cwd=SUBSCRIBERS / "cpp")
        assert done.returncode == 0, done.stdout + done.stderr
    return folder / "subscriber"


@pytest.mark.timeout(900)
@pytest.mark.parametrize("with_keys", [False, True], ids=["plain", "with keys"])
@pytest.mark.parametrize("language", ["go", "cpp"])
def test_a_subscriber_hears_of_fills(
    installation: Installation, request: pytest.FixtureRequest, language: str, with_keys: bool
) -> None:
    program = request.getfixturevalue(f"subscriber_{language}")
    if with_keys:
        for arguments in (("new",), ("new", "subscriber"), ("allow", "subscriber")):
            made = installation.run("keys", *arguments)
            assert made.returncode == 0, made.stderr
    out = installation.home / "subscriber.out"
    with out.open("ab") as file:
        installation.processes["subscriber"] = subprocess.Popen(
            [program], env=installation.environment, cwd=installation.home, stdout=file, stderr=file
        )
    installation.start("simulator", "gateway", "consumer", "producer")
    installation.wait_ready()

    def has_heard() -> bool:
        # A subscriber that comes late has missed what was said: more alerts until it hears.
        installation.post({**BUY, "quantity": str(len(installation.listed("alerts")) + 1)})
        return "ORDER_STATE_FILLED" in out.read_text()

    installation.wait(has_heard, "the subscriber tells of a fill", 90)

    line = next(line for line in out.read_text().splitlines() if "ORDER_STATE_FILLED" in line)
    assert "SIDE_BUY" in line
    assert "AAPL" in line
