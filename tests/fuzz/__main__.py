"""Coverage-guided fuzzing of all dialects: `make fuzz`, or `python -m tests.fuzz --seconds 60`.

Needs atheris, which `make fuzz` installs. Prints the number of executions; a body that breaks a
claim is written to build/ and ends the run with an error.
"""

import atexit
import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

import atheris

with atheris.instrument_imports(include=["producer", "alertwire.money"]):
    from tests.fuzz import claims

SECONDS: Final = 60
FOUND: Final = Path("build")
BODY_LENGTH_MAX: Final = 4096
BODY_S_MAX: Final = 60
WORDS: Final = (
    *("symbol", "ticker", "action", "quantity", "sentiment", "direction", "metrics", "strategy"),
    *("position_size", "limit_price", "orderType", "takeProfit", "strategy.entrylong", "NaN"),
    *("{{close}}", "New strategy position is ", "order buy @ ", " filled on ", "buy", "closelong"),
    *("\\xef\\xbb\\xbf", "\\xc2\\xa0", "1,234.5", "1e9", "ES1!", "OPRA:AAPL261218C200.0"),
)


def main(arguments: list[str]) -> None:
    """Fuzz for some seconds, from the bodies of the test data."""
    seconds = int(arguments[arguments.index("--seconds") + 1]) if arguments else SECONDS
    with tempfile.TemporaryDirectory() as folder:
        corpus = Path(folder, "corpus")
        corpus.mkdir()
        for number, seed in enumerate(claims.seeds()):
            corpus.joinpath(f"{number:04}").write_bytes(seed)
        words = Path(folder, "words")
        words.write_text("".join(f"{_quoted(word)}\n" for word in WORDS), encoding="ascii")
        FOUND.mkdir(exist_ok=True)
        options = [f"-max_total_time={seconds}", f"-max_len={BODY_LENGTH_MAX}", f"-dict={words}"]
        options += [f"-artifact_prefix={FOUND}/", f"-timeout={BODY_S_MAX}"]
        atheris.Setup([sys.argv[0], *options, str(corpus)], _once)
        # The fuzzer's timer must not go off while the process ends: nobody would catch it.
        atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
        # Ends the process when the time is over.
        atheris.Fuzz()


def _once(raw: bytes) -> None:
    claims.check(raw)


def _quoted(word: str) -> str:
    return '"' + word.replace('"', '\\"') + '"'


if __name__ == "__main__":
    main(sys.argv[1:])
