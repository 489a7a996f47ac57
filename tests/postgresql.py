"""A PostgreSQL of a test's own: a fresh cluster in a temporary folder, on a free port."""

import glob
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alertwire.ports import free_port

BINARIES = Path((sorted(glob.glob("/usr/lib/postgresql/*/bin")) or ["/usr/bin"])[-1])  # noqa: PTH207


@contextmanager
def postgresql() -> Iterator[str]:
    """Run a server and yield the URL of an empty database; stopped at the end."""
    folder = Path(tempfile.mkdtemp(prefix="alertwire-postgresql-"))
    port = free_port()
    # PostgreSQL refuses to run as root; Debian's package brings a user for it.
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    subprocess.run(
        [*as_user, BINARIES / "initdb", "-D", data, "-U", "alertwire", "-A", "trust"],
        check=True,
        capture_output=True,
        cwd="/",
    )
    options = f"-p {port} -h 127.0.0.1 -k {folder}"
    subprocess.run(
        [
            *as_user,
            BINARIES / "pg_ctl",
            "-D",
            data,
            "-w",
            "-l",
            folder / "log",
            "-o",
            options,
            "start",
        ],
        check=True,
        capture_output=True,
        cwd="/",
    )
    try:
        yield f"postgresql://alertwire@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*as_user, BINARIES / "pg_ctl", "-D", data, "-m", "immediate", "stop"],
            check=True,
            capture_output=True,
            cwd="/",
        )
        shutil.rmtree(folder, ignore_errors=True)
