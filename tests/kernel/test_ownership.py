"""One owner of a database, whatever home it comes from."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from alertwire.faults import ConfigurationError
from alertwire.journal.database import open_database
from alertwire.journal.ownership import OwnershipLost, owned_database
from alertwire.ports import free_port
from tests.gateway.processes import GatewayProcess
from tests.postgresql import postgresql
from tests.producer.processes import Producer, eventually

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
        with owned(url, "gateway") as ours, ours.engine.begin() as connection:
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


OWNERS = "FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 2"


def count_owners(url: str, counted: str = "*") -> int:
    engine = open_database(url, setting=SETTING)
    with engine.begin() as connection:
        found = connection.exec_driver_sql(f"SELECT count({counted}) {OWNERS}").scalar_one()
    engine.dispose()
    return int(found)


def end_owners(url: str) -> None:
    """End the session that holds the lock, and nothing else of its process."""
    assert count_owners(url, "pg_terminate_backend(pid)") == 1


def test_an_owner_whose_database_is_well_stays_one(url: str) -> None:
    with owned(url) as ours:
        ours.check()
        ours.check()


def test_an_owner_learns_that_its_lock_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    with postgresql() as url, owned(url) as ours:
        end_owners(url)
        # Another one may come now, and nothing that is written tells.
        with owned(url), pytest.raises(OwnershipLost, match="another producer may work on it"):
            ours.check()
        with pytest.raises(OwnershipLost):
            ours.check()

        def refuse() -> None:
            raise OperationalError("connect", {}, Exception("refused"))

        monkeypatch.setattr(ours.engine, "connect", refuse)
        # Nobody can write: it ends when it could start again.
        ours.check()


def test_a_producer_and_a_gateway_end_when_their_lock_is_gone(tmp_path: Path) -> None:
    with postgresql() as url:
        with closing(Producer(tmp_path / "p", ALERTWIRE_JOURNAL_URL=url).start()) as producer:
            end_owners(url)
            assert producer.process
            assert producer.process.wait(timeout=60) == 1
        gateway = GatewayProcess(
            tmp_path / "g", free_port(), settings={"ALERTWIRE_LEDGER_URL": url}
        ).start()
        try:
            eventually(lambda: count_owners(url) == 1, "the gateway's lock", 60)
            end_owners(url)
            assert gateway.process
            assert gateway.process.wait(timeout=60) == 1
        finally:
            gateway.kill()
    for log in (producer.log.read_text(), gateway.log):
        assert "has ended, and another" in log
