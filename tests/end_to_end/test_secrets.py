"""Secrets are planted everywhere and then looked for everywhere: they must stand nowhere."""

import http.client
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alertwire.cli.main import app
from tests.end_to_end.installation import Installation

TOKEN_IN_FILE = "planted-token-of-default-9f3a61"
TOKEN_OF_ROUTE = "planted-token-of-a-route-77c1d0"
TWS_PASSWORD = "planted-tws-password-4d2e"
BODY_SECRETS = [f"planted-body-secret-{n}" for n in range(12)]
BUY = {"symbol": "NASDAQ:AAPL", "action": "buy", "quantity": "1"}
BODIES: list[tuple[dict | bytes, int]] = [
    ({**BUY, "secret": BODY_SECRETS[0], "passphrase": BODY_SECRETS[1]}, 200),
    ({**BUY, "symbol": "MSFT", "api_key": BODY_SECRETS[2], "Token": BODY_SECRETS[3]}, 200),
    # Refused, for a field, for its form, and for being no JSON at all.
    ({"action": "yolo", "password": BODY_SECRETS[4]}, 422),
    (b'{"symbol": "AAPL", "secret": "' + BODY_SECRETS[5].encode() + b'", "action" "buy"}', 400),
    (b'{"symbol": "AAPL", "passphrase": "' + BODY_SECRETS[6].encode(), 400),
    (b"hello secret=" + BODY_SECRETS[7].encode() + b" there", 400),
    ({**BUY, "symbol": "IBM", "extra": {"secret": BODY_SECRETS[8]}}, 200),
    # The address pasted into the message; a form; nearly YAML.
    ({**BUY, "symbol": "KO", "comment": f"to https://x.example/webhook/{TOKEN_IN_FILE}"}, 200),
    ({"text": f"/webhook/{TOKEN_OF_ROUTE}"}, 422),
    (b"%7B%22secret%22%3A%22" + BODY_SECRETS[9].encode() + b"%22%7D", 400),
    (b"ticker: AAPL\npassphrase: " + BODY_SECRETS[10].encode(), 400),
]
TIMEOUT_S = 90


@pytest.fixture
def installation(tmp_path: Path) -> Iterator[Installation]:
    (tmp_path / "token").write_text(TOKEN_IN_FILE + "\n")
    made = Installation(
        tmp_path,
        ALERTWIRE_WEBHOOK_TOKEN_FILE=str(tmp_path / "token"),
        ALERTWIRE_LOG_LEVEL="debug",
        TWS_PASSWORD=TWS_PASSWORD,
    )
    del made.environment["ALERTWIRE_WEBHOOK_TOKEN"]
    (tmp_path / "alertwire.toml").write_text(
        f'[routes.default]\n[routes.second]\ntoken = "{TOKEN_OF_ROUTE}"\n'
    )
    yield made
    made.stop()


def get(installation: Installation, path: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", installation.webhook_port, timeout=10)
    try:
        connection.request("GET", path)
        return connection.getresponse().read().decode("utf-8", "replace")
    finally:
        connection.close()


def run(*arguments: str) -> str:
    """Run a verb of the command line; return all that it says."""
    return CliRunner().invoke(app, arguments).output


def alerts() -> list[dict]:
    return [json.loads(line) for line in run("alerts", "--json").splitlines()]


def held(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file that a process wrote, as bytes: databases with their logs, outputs, all."""
    for path in folder.rglob("*"):
        is_planted = path.name in {"token", "alertwire.toml"} or path.suffix == ".key_secret"
        if path.is_file() and not is_planted:
            yield path.name, path.read_bytes()


@pytest.mark.timeout(400)
def test_no_secret_stands_in_any_file_log_answer_metric_or_output(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    # In this process: a dozen verbs, each started anew, would take a minute.
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(installation.home)
    run("keys", "new")
    bus_secrets = [p.read_text().strip() for p in installation.home.glob("keys/bus/*.key_secret")]
    assert len(bus_secrets) == 4
    planted = [TOKEN_IN_FILE, TOKEN_OF_ROUTE, TWS_PASSWORD, *BODY_SECRETS, *bus_secrets]
    found: dict[str, str] = {}

    installation.start("simulator", "gateway", "consumer", "producer")
    installation.wait_ready()
    posted = 0
    for token in (TOKEN_IN_FILE, TOKEN_OF_ROUTE):
        for number, (body, status) in enumerate(BODIES):
            answered, answer = installation.post(body, token=token)
            found[f"answer {number}"] = json.dumps(answer)
            assert answered == status, (body, answer)
            posted += answered == 200
            found[f"dry run {number}"] = str(
                installation.post(body, token=token, query="?dry_run=1")[1]
            )
    # Nearly the token, in the place of it and beside it.
    query = f"?secret={BODY_SECRETS[11]}"
    found["wrong token"] = str(installation.post(BUY, token=TOKEN_IN_FILE + "x", query=query))
    found["no page"] = get(installation, f"/nowhere/{TOKEN_IN_FILE}?token={TOKEN_OF_ROUTE}")
    found["metrics"] = get(installation, "/metrics")
    installation.wait(
        lambda: {row["state"] for row in alerts()} <= {"DONE", "PARKED"},
        "all are decided",
        TIMEOUT_S,
    )
    ids = [row["alert_id"] for row in alerts()]
    assert len(ids) == posted

    for arguments in (
        ("alerts",),
        ("alerts", "--json"),
        ("alerts", "--refused", "--json"),
        ("orders", "--json"),
        ("trace", ids[0], "--json"),
        ("doctor",),
        ("doctor", "--json"),
        ("config", "show"),
        ("config", "show", "--json"),
        ("config", "check"),
        ("keys", "list"),
        ("keys", "list", "--json"),
        ("keys", "new"),
        ("send", "symbol=TSLA", "action=buy", "quantity=1"),
    ):
        found[" ".join(arguments)] = run(*arguments)
    for name, process in installation.processes.items():
        arguments = Path(f"/proc/{process.pid}/cmdline").read_bytes().decode()
        found[f"command line of {name}"] = arguments
    installation.stop()

    leaks = {(place, one) for place, text in found.items() for one in planted if one in text}
    leaks |= {
        (place, one)
        for place, content in held(installation.home)
        for one in planted
        if one.encode() in content
    }
    # The test can see: the bodies are in the journal, and the log is at its most talkative.
    kept = dict(held(installation.home))
    everything = b"".join(kept.values())
    assert everything.count(b"[redacted]") >= len(BODY_SECRETS)
    assert b'"level": "debug"' in everything
    assert leaks == set()


def test_a_crash_shows_no_secret_on_its_way_out(tmp_path: Path) -> None:
    """A bug: the exception's text and the variables around it hold secrets."""
    program = tmp_path / "crash.py"
    program.write_text(
        "import threading\n"
        "from alertwire import process\n"
        "def body(settings, stop, logger):\n"
        "    token = settings.webhook_token.get_secret_value()\n"
        "    def fail():\n"
        "        raise RuntimeError(f'thread with {settings.journal_location} {token}')\n"
        "    thread = threading.Thread(target=fail)\n"
        "    thread.start()\n"
        "    thread.join()\n"
        "    try:\n"
        "        fail()\n"
        "    except RuntimeError:\n"
        "        logger.exception('it_failed', tried=[token], passphrase='planted-3')\n"
        "    raise RuntimeError(f'main with {token}')\n"
        "process.run('crash', body)\n"
    )
    for form in ("json", "console"):
        installation = Installation(
            tmp_path,
            ALERTWIRE_WEBHOOK_TOKEN="planted-token-1-of-16",
            ALERTWIRE_JOURNAL_URL="postgresql://me:planted-2@db/alertwire",
            ALERTWIRE_LOG_FORMAT=form,
            PYTHONPATH=str(Path.cwd()),
        )
        done = subprocess.run(
            [sys.executable, program],
            env=installation.environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

        assert done.returncode == 1
        for event in ("thread_failed", "it_failed", "process_failed", "RuntimeError"):
            assert event in done.stderr, (form, done.stderr)
        assert "planted" not in done.stderr + done.stdout, form
