"""One owner of a database, whatever home it comes from."""

import subprocess
import sys
from pathlib import Path

import pytest

from alertwire.faults import ConfigurationError
from alertwire.journal.ownership import owned_database
from tests.postgresql import postgresql
from tests.producer.processes import eventually

SETTING = "ALERTWIRE_JOURNAL_URL"
HOLD = f"""
import sys
from alertwire.journal.ownership import owned_database
with owned_database(sys.argv[1], holder="producer", setting="{SETTING}"):
    print("held", flush=True)
    sys.stdin.read()
"""


def owned(url: str, holder: str = "producer", setting: str = SETTING):
    return owned_database(url, holder=holder, setting=setting)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/journal.db"
    else:
        with postgresql() as found:
            yield found


def test_a_database_has_one_owner_until_it_lets_go(url: str) -> None:
    with owned(url):
        told = rf"{SETTING}.*another producer"
        with pytest.raises(ConfigurationError, match=told) as refusal, owned(url):
            pass
        # The ledger may be in the same database.
        with owned(url, "gateway", "ALERTWIRE_LEDGER_URL"):
            pass
    assert "ALERTWIRE_HOME" in str(refusal.value)
    with owned(url):
        pass


def test_a_killed_owner_leaves_the_database_free(url: str) -> None:
    command = [sys.executable, "-c", HOLD, url]
    holder = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(ConfigurationError), owned(url):
            pass
        # What is read and written meanwhile is not hindered: the lock is not one on the tables.
        with owned(url, "gateway") as engine, engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM streams")
    finally:
        holder.kill()
        holder.communicate()

    eventually(lambda: is_free(url), "the lock is free")


def is_free(url: str) -> bool:
    try:
        with owned(url):
            return True
    except ConfigurationError:  # PostgreSQL has yet to notice.
        return False


def test_a_link_to_the_database_leads_to_the_same_lock(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "here").symlink_to(tmp_path / "there")
    with owned(f"sqlite:///{tmp_path}/there/journal.db"):
        assert not is_free(f"sqlite:///{tmp_path}/here/journal.db")
