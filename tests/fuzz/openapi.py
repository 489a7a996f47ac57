"""Schemathesis against a real producer, by the OpenAPI document that it serves.

    python -m tests.fuzz.openapi [--examples N]

Schemathesis is fetched on demand by uv. Not among its checks: that every JSON is accepted, for an
alert's grammar is its dialect's, and no schema says it.
"""

import argparse
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Final

from tests.producer.processes import TOKEN, Producer

PACKAGE: Final = "schemathesis>=4.32,<5"
MANY: Final = "1000000"
TIMEOUT_S: Final = 1800
ROUTES: Final = f"[routes.default]\nalerts_per_minute_max = {MANY}\n"
SETTINGS: Final = f"""
[parameters]
"path.token" = "{TOKEN}"
[auth.openapi.token]
bearer = "{TOKEN}"
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.fuzz.openapi", description=__doc__)
    parser.add_argument("--examples", type=int, default=300, help="requests of each operation")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="alertwire-openapi-") as name:
        folder = Path(name)
        home = folder / "home"
        home.mkdir()
        (home / "alertwire.toml").write_text(ROUTES)
        (folder / "schemathesis.toml").write_text(SETTINGS)
        many = {"ALERTWIRE_ADDRESS_REQUESTS_PER_MINUTE_MAX": MANY}
        with closing(Producer(home, **many).start()) as producer:
            # One worker: more of them trip over an error of CPython 3.11's parser in threads.
            done = subprocess.run(
                [
                    *(
                        Path(sys.executable).with_name("uvx"),
                        "--from",
                        PACKAGE,
                        "schemathesis",
                        "run",
                    ),
                    f"http://127.0.0.1:{producer.port}/openapi.json",
                    *("--max-examples", str(given.examples), "--workers", "1", "--no-color"),
                    *("--rate-limit", "55/s", "--exclude-checks", "positive_data_acceptance"),
                ],
                cwd=folder,
                timeout=TIMEOUT_S,
                check=False,
            )
            bugs = producer.log.read_text().count("request_failed")
    print(f"bugs in the producer's log: {bugs}")
    return 1 if done.returncode or bugs else 0


if __name__ == "__main__":
    sys.exit(main())
