"""How the producer starts, refuses to start, and ends."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.producer.processes import Producer


def refuse(producer: Producer) -> str:
    """Start it, expect exit 78 and one line, and return that line."""
    ended = subprocess.run(
        [sys.executable, "-m", "producer"],
        env=producer.environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("{")]
    assert ended.returncode == 78, ended.stderr
    assert len(lines) == 1, ended.stderr
    return lines[0]


@pytest.mark.parametrize("name", ["PRODUCER_PORT", "ALERTS_ENDPOINT", "ACKS_ENDPOINT"])
def test_a_port_in_use_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    producer = Producer(tmp_path / "home")
    port = int(producer.environment[f"ALERTWIRE_{name}"].rpartition(":")[2])
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port))
        taken.listen()
        line = refuse(producer)

    assert f"ALERTWIRE_{name}" in line
    assert str(port) in line


def test_a_second_producer_cannot_share_port_or_folder(tmp_path: Path) -> None:
    first = Producer(tmp_path / "one").start()
    try:
        same_port = Producer(tmp_path / "two", ALERTWIRE_PRODUCER_PORT=str(first.port))
        assert "ALERTWIRE_PRODUCER_PORT" in refuse(same_port)
        assert "another producer" in refuse(Producer(tmp_path / "one"))
        journal = f"sqlite:///{tmp_path}/one/journal.db"
        same_journal = refuse(Producer(tmp_path / "two", ALERTWIRE_JOURNAL_URL=journal))
        assert "another producer" in same_journal
        assert "ALERTWIRE_JOURNAL_URL" in same_journal
        assert first.stop() == 0
    finally:
        first.close()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    producer = Producer(tmp_path / "file" / "home", ALERTWIRE_CONFIG=str(tmp_path / "none.toml"))

    assert "ALERTWIRE_HOME" in refuse(producer)


def test_a_journal_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_text("this is no database " * 100)
    producer = Producer(tmp_path / "home", ALERTWIRE_JOURNAL_URL=f"sqlite:///{tmp_path}/broken.db")

    assert "ALERTWIRE_JOURNAL_URL" in refuse(producer)


def test_an_unknown_setting_and_an_unreadable_file_are_told(tmp_path: Path) -> None:
    assert "ALERTWIRE_PRODUCER_PROT is not a setting" in refuse(
        Producer(tmp_path / "home", ALERTWIRE_PRODUCER_PROT="1")
    )
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "alertwire.toml").write_text("[routes\n")
    assert "alertwire.toml" in refuse(Producer(tmp_path / "home"))


def test_a_generated_token_is_kept_and_its_place_told(tmp_path: Path) -> None:
    producer = Producer(tmp_path / "home")
    del producer.environment["ALERTWIRE_WEBHOOK_TOKEN"]
    producer.start()
    try:
        path = Path(producer.events("webhook_opened")[0]["token_is_in"])
        token = path.read_text().strip()
        status, _ = producer.post({"symbol": "AAPL", "action": "buy", "quantity": 1}, token=token)
        assert status == 200
        assert token not in producer.log.read_text()
        assert producer.stop() == 0
    finally:
        producer.close()
