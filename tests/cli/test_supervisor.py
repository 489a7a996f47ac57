"""What `up` starts never outlives it."""

import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from alertwire.cli.supervisor import supervise


def test_a_process_that_was_just_started_when_the_stop_came_is_stopped_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[str]] = []
    real = subprocess.Popen

    def popen(*arguments: Any, **options: Any) -> subprocess.Popen[str]:
        started.append(real(*arguments, **options))
        os.kill(os.getpid(), signal.SIGTERM)
        return started[-1]

    def stop(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, stop)
    monkeypatch.setattr(subprocess, "Popen", popen)
    try:
        with (
            pytest.raises(KeyboardInterrupt),
            supervise(None, tmp_path, tmp_path / "logs", lambda *_: None) as children,
        ):
            children.start("sleeper", ["sleep", "60"])
    finally:
        signal.signal(signal.SIGTERM, before)
        ended = started[0].poll()
        started[0].kill()

    assert ended == -signal.SIGTERM
