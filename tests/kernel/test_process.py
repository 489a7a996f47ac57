"""The life of a process, in a real one."""

import signal
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from alertwire import logs
from alertwire.logs import redactor
from alertwire.ports import free_port
from alertwire.process import serve_health

BODY = """
import sys
from alertwire import process
from alertwire.faults import ConfigurationError

def body(settings, stop, logger):
    logger.info("body_started", url="/webhook/" + settings.webhook_token.get_secret_value())
    sys.stderr.flush()
    {body}

sys.exit(process.run("probe", body))
"""


def start(body: str, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", BODY.format(body=body)],
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", **environment},
    )


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_with_exit_code_0(number: int) -> None:
    process = start("stop.wait()")
    for line in process.stderr:
        if "body_started" in line:
            break
    process.send_signal(number)

    try:
        _, said = process.communicate(timeout=10)
    finally:
        process.kill()

    assert process.returncode == 0
    assert "process_stopped" in said


def test_a_stop_set_by_a_signal_in_the_middle_of_waiting_never_hangs() -> None:
    body = """
    import os, signal, threading
    def storm():
        for _ in range(20000):
            os.kill(os.getpid(), signal.SIGTERM)
    thread = threading.Thread(target=storm, daemon=True)
    thread.start()
    while thread.is_alive():
        stop.wait(0)
"""
    process = start(body.strip())

    process.communicate(timeout=20)

    assert process.returncode == 0


def test_a_signal_that_arrives_on_another_thread_stops_it() -> None:
    body = """
    import signal, threading, time
    def signal_here():
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    threading.Thread(target=signal_here, daemon=True).start()
    stop.wait()
"""
    process = start(body.strip())

    try:
        process.communicate(timeout=20)
    finally:
        process.kill()

    assert process.returncode == 0


def test_another_signal_wakes_it_once_and_does_not_stop_it() -> None:
    body = """
    import os, signal, threading, time
    heard = []
    stop.on(signal.SIGHUP, lambda: heard.append(time.monotonic()))
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGHUP)).start()
    assert not stop.wait(10) and len(heard) == 1
    assert not stop.wait(0.1) and len(heard) == 1
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM)).start()
    assert stop.wait(10)
"""
    process = start(body.strip())

    _, said = process.communicate(timeout=30)

    assert process.returncode == 0, said


def test_a_configuration_error_is_one_line_and_exit_code_78() -> None:
    process = start("raise ConfigurationError('ALERTWIRE_X: do this')", ALERTWIRE_LOG_LEVEL="error")

    _, said = process.communicate(timeout=10)

    assert process.returncode == 78
    assert said == "probe: ALERTWIRE_X: do this\n"


def test_a_wrong_setting_is_one_line_and_exit_code_78() -> None:
    process = start("pass", ALERTWIRE_LOG_LEVEL="loud")

    _, said = process.communicate(timeout=10)

    assert process.returncode == 78
    assert said.startswith("probe: ALERTWIRE_LOG_LEVEL is wrong")
    assert said.count("\n") == 1


def test_a_bug_ends_it_with_exit_code_1_and_a_traceback() -> None:
    process = start("1 / 0")

    _, said = process.communicate(timeout=10)

    assert process.returncode == 1
    assert "ZeroDivisionError" in said


def test_the_token_never_reaches_the_log() -> None:
    process = start("pass", ALERTWIRE_WEBHOOK_TOKEN="a-very-secret-token")

    _, said = process.communicate(timeout=10)

    assert "body_started" in said
    assert "a-very-secret-token" not in said


def test_secrets_are_redacted_however_deep_they_stand() -> None:
    event = redactor(["s3cr3t-token"])(
        None, "info", {"event": "x", "rows": [{"url": "/w/s3cr3t-token"}], "password": "p"}
    )

    assert event == {"event": "x", "rows": [{"url": "/w/[redacted]"}], "password": "[redacted]"}


def test_log_lines_that_nobody_reads_are_dropped_and_counted(monkeypatch) -> None:
    class Stuck:
        def __init__(self) -> None:
            self.release = threading.Event()
            self.text = ""

        def write(self, text: str) -> None:
            self.release.wait(10)
            self.text += text

        def flush(self) -> None:
            pass

    stuck = Stuck()
    monkeypatch.setattr(sys, "stderr", stuck)
    lines = logs.Lines()
    for number in range(logs._LINES_MAX + 1000):
        lines.msg(f"line {number}")
    stuck.release.set()
    lines.drain(10)
    lines.msg("afterwards")
    lines.drain(10)

    assert "log lines dropped" in stuck.text
    assert "afterwards" in stuck.text
    assert stuck.text.count("\n") <= logs._LINES_MAX + 300


def test_the_health_port_tells_readiness_with_its_reason() -> None:
    reason = "the broker is away"
    port = free_port()
    stop = serve_health("127.0.0.1", port, lambda: reason, setting="ALERTWIRE_X")

    def get(path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    assert get("/healthz") == (200, "ok\n")
    assert get("/readyz") == (503, "the broker is away\n")
    reason = ""
    assert get("/readyz") == (200, "ready\n")
    assert "python_info" in get("/metrics")[1]
    stop()
