"""A journal that is there, and the home that it is in."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.cli.verbs import TOKEN
from tests.records import Records


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Records]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ALERTWIRE_HOME", str(tmp_path))
    monkeypatch.setenv("ALERTWIRE_CONFIG", str(tmp_path / "alertwire.toml"))
    monkeypatch.setenv("ALERTWIRE_WEBHOOK_TOKEN", TOKEN)
    made = Records(tmp_path, datetime.now(UTC) - timedelta(minutes=5))
    yield made
    made.close()
