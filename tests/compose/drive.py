"""Drives a running compose project through its job and counts in the broker's book.

python3 -m tests.compose.drive PROJECT TOKEN     (deploy/compose-test.sh calls it)

Alerts go in over HTTP at the published port; processes are killed under them; what was ordered is
read from the simulator's own book and compared with `alertwire orders`. Standard library only: it
runs with the machine's Python, all else is in the containers.
"""

import http.client
import json
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Final

from tests.compose.project import (
    HEALTHY_TIMEOUT_S,
    Answer,
    CheckError,
    Project,
    docker,
    say,
    wait_until,
    wait_until_filled,
    wait_until_healthy,
)

SERVICES: Final = ("simulator", "gateway", "consumer", "producer")
FOREIGN: Final = ("executor-go", "executor-cpp")
"""Executors of the profiles by the same names."""
BURST: Final = ("AMD", "INTC", "MU", "QCOM", "TXN", "ADI", "NXPI", "MRVL", "ON", "SWKS")

LOAD_PERIOD_S: Final = 0.2
LOAD_ROUNDS: Final = 2
DOWN_S: Final = 1.0

HOLDINGS: Final = """
from pathlib import Path
roots = ("/var/lib/alertwire", "/var/lib/executor", "/run/secrets")
print(*sorted(p.name for root in roots for p in Path(root).rglob("*") if p.is_file()))
"""
EXECUTORS_KEYS: Final = ["consumer.key", "consumer.key_secret", "gateway.key", "producer.key"]
STRANGER: Final = Path(__file__).with_name("stranger.py")
LET_IN: Final = {
    f"executor at {place}" for place in ("producer:5555", "producer:5556", "gateway:5557")
}


def check_keys(project: Project) -> None:
    """The keys are there before anybody who needs them starts."""
    made = project.state("keys")
    if (made["Status"], made["ExitCode"]) != ("exited", 0):
        raise CheckError(f"keys is {made['Status']} with exit code {made['ExitCode']}")
    for service in ("gateway", "consumer", "producer"):
        if (started := project.state(service)["StartedAt"]) < made["FinishedAt"]:
            raise CheckError(f"{service} started at {started}, before keys ended")
    say("keys were made before the processes that need them started")


def check_walls(project: Project, token: str) -> None:
    """The executor sees nobody else's secrets, and strangers are not let in to the bus."""
    holdings = project.execute("consumer", "python", "-c", HOLDINGS).split()
    if holdings != EXECUTORS_KEYS:
        raise CheckError(f"the consumer's container holds {holdings}, {EXECUTORS_KEYS} expected")
    for service in SERVICES:
        if token in docker("inspect", project.container(service)):
            raise CheckError(f"the webhook's token stands in the configuration of {service}")
    found = json.loads(project.run_beside("consumer", STRANGER.read_text(encoding="utf-8")))
    expected_at_bus = {name: "in" if name in LET_IN else "out" for name in found}
    if found != expected_at_bus or not found.keys() >= LET_IN:
        raise CheckError(f"at the bus: {found}")
    say(
        f"the executor holds its own key only; of {len(found)} at the bus its {len(LET_IN)} came in"
    )


def check_verbs(project: Project) -> None:
    """What an operator asks for is answered in the gateway's container."""
    verbs = ("doctor", "alerts --dead", "orders", "positions", "reconcile", "resolve", "keys list")
    for verb in verbs:
        project.execute("gateway", "alertwire", *verb.split())
    say(f"in the gateway's container answer {', '.join(verbs)}")


def check_first_orders(project: Project) -> list[str]:
    stock = project.accepted(strategy="c", symbol="NASDAQ:AAPL", action="buy", quantity=10)
    limit = project.accepted(
        strategy="c",
        symbol="NYSE:IBM",
        action="buy",
        quantity="5",
        order_type="limit",
        limit_price="2000",
    )
    wait_until_filled(project, [stock, limit])
    leave = project.accepted(strategy="c", symbol="NASDAQ:AAPL", action="exit")
    wait_until_filled(project, [leave])
    found = project.ordered(stock, limit, leave)
    bought, limited, sold = (found[a][0] for a in (stock, limit, leave))
    for order, expected in (
        (bought, ("BUY", 10, "MKT", "AAPL")),
        (limited, ("BUY", 5, "LMT", "IBM")),
        (sold, ("SELL", 10, "MKT", "AAPL")),
    ):
        seen = (order["action"], int(order["quantity"]), order["orderType"], order["symbol"])
        if seen != expected:
            raise CheckError(f"ordered {seen}, {expected} expected")
    say("a market order, a limit order and an exit were filled, with side, size and symbol")
    return [stock, limit, leave]


def check_refusals(project: Project) -> list[str]:
    refused = project.post(strategy="c", action="buy", quantity=1)
    if refused.status not in {400, 422} or not refused.body.get("error", {}).get("code"):
        raise CheckError(f"an alert without symbol was answered with {refused}")
    first = project.accepted(symbol="NASDAQ:CSCO", action="buy", quantity=2, id="twice")
    again = project.post(symbol="NASDAQ:CSCO", action="buy", quantity=2, id="twice")
    if again.status != 200 or not again.body.get("duplicate"):
        raise CheckError(f"the same id again was answered with {again}")
    say(f"an alert without symbol was refused ({refused.status}), a repeated one recognised")
    return [first]


def check_kill(project: Project, service: str, symbol: str) -> list[str]:
    """Post an alert while a process is dead; it is ordered when the process is back."""
    project.kill(service)
    alert_id = project.accepted(strategy="k", symbol=symbol, action="buy", quantity=3)
    time.sleep(2)
    if project.ordered(alert_id)[alert_id]:
        raise CheckError(f"ordered although the {service} was dead")
    project.start(service)
    wait_until_healthy(project, service)
    wait_until_filled(project, [alert_id])
    say(f"{service} killed, alert posted meanwhile, {service} started: filled")
    return [alert_id]


def check_kill_in_flight(project: Project) -> list[str]:
    """Kill gateway, then consumer, then producer in the middle of a burst."""
    alert_ids = []
    for number, symbol in enumerate(BURST):
        alert_ids.append(
            project.accepted(strategy="b", symbol=f"NASDAQ:{symbol}", action="buy", quantity=1)
        )
        if number in {2, 5}:
            project.kill("gateway" if number == 2 else "consumer")
    project.kill("producer")
    for service in ("producer", "consumer", "gateway"):
        project.start(service)
    wait_until_healthy(project, *SERVICES)
    wait_until_filled(project, alert_ids)
    say(f"all three killed within a burst of {len(alert_ids)}: all filled")
    return alert_ids


def check_under_load(project: Project) -> list[str]:
    """Restart and kill each process while alerts keep coming in."""
    alert_ids: list[str] = []
    ended = threading.Event()

    def post_one(number: int) -> None:
        """Post until it is accepted, as a sender does that was not answered with 200."""
        fields = {"symbol": f"NASDAQ:{BURST[number % len(BURST)]}", "id": f"load-{number}"}
        while True:
            try:
                answer = project.post(strategy="l", action="buy", quantity=1, **fields)
            except (OSError, http.client.HTTPException, ValueError, CheckError):
                answer = Answer(0, {})
            if answer.status == 200:
                alert_ids.append(str(answer.body["alert_id"]))
                return
            time.sleep(LOAD_PERIOD_S)

    def post_all() -> None:
        number = 0
        while not ended.wait(LOAD_PERIOD_S):
            post_one(number)
            number += 1

    sender = threading.Thread(target=post_all, daemon=True)
    sender.start()
    kills = 0
    for _ in range(LOAD_ROUNDS):
        for service in ("gateway", "consumer", "producer"):
            project.restart(service)
            wait_until_healthy(project)
            project.kill(service)
            kills += 1
            time.sleep(DOWN_S)
            project.start(service)
            wait_until_healthy(project)
    ended.set()
    sender.join(HEALTHY_TIMEOUT_S)
    if sender.is_alive():
        raise CheckError("an alert was not accepted although all containers are healthy")
    wait_until_filled(project, alert_ids)
    say(f"{len(alert_ids)} alerts under {kills} restarts and {kills} kills: all filled")
    return alert_ids


def check_foreign(project: Project, token: str) -> list[str]:
    """Without the consumer, the executors in other languages carry alerts, killed or not."""
    for service in FOREIGN:
        files = ("find", "/var/lib/alertwire", "-type", "f", "-printf", "%f ")
        holdings = sorted(project.execute(service, *files).split())
        if holdings != EXECUTORS_KEYS:
            raise CheckError(f"{service} holds {holdings}, {EXECUTORS_KEYS} expected")
        if token in docker("inspect", project.container(service)):
            raise CheckError(f"the webhook's token stands in the configuration of {service}")
    stop(project, "consumer", *FOREIGN)
    alert_ids: list[str] = []
    for service in FOREIGN:
        project.start(service)
        wait_until_healthy(project, service)
        alert_ids += post_burst(project, service)
        wait_until_filled(project, alert_ids)
        killed = post_burst(project, f"{service} killed")
        project.kill(service)
        alert_ids += killed + post_burst(project, f"{service} dead")
        project.start(service)
        wait_until_filled(project, alert_ids)
        stop(project, service)
    for service in ("consumer", *FOREIGN):
        project.start(service)
    wait_until_healthy(project, "consumer", *FOREIGN)
    alert_ids += post_burst(project, "mixed")
    project.kill("consumer")
    wait_until_filled(project, alert_ids)
    project.start("consumer")
    stop(project, *FOREIGN)
    wait_until_healthy(project, "consumer")
    say(f"{len(alert_ids)} alerts by {' and '.join(FOREIGN)}, each killed once: all filled")
    return alert_ids


def post_burst(project: Project, strategy: str) -> list[str]:
    return [
        project.accepted(strategy=strategy, symbol=f"NASDAQ:{symbol}", action="buy", quantity=1)
        for symbol in BURST
    ]


def stop(project: Project, *services: str) -> None:
    """Stop containers; each must end in time and without error, not by SIGKILL."""
    for service in services:
        started_s = time.monotonic()
        project.stop(service)
        code = project.state(service)["ExitCode"]
        if code != 0:
            raise CheckError(f"{service} ended with exit code {code} after SIGTERM, 0 expected")
        say(f"{service} stopped on SIGTERM in {time.monotonic() - started_s:.1f} s")


def check_stop(project: Project) -> None:
    """A stop is graceful and in time: no exit by SIGKILL, no error.

    The consumer starts anew with the producer gone: a name that is not found must not hold it up.
    """
    for service in reversed(SERVICES):
        if service == "consumer":
            project.restart(service)
            wait_until_healthy(project, service)
        stop(project, service)


def check_counts(project: Project, alert_ids: list[str]) -> None:
    """One filled order per alert and no other, in the broker's book and in `alertwire orders`."""
    per_alert = Counter(str(order["orderRef"]).partition("-")[0] for order in project.book())
    lost = sum(1 for a in alert_ids if not per_alert[a])
    doubled = sum(n - 1 for a, n in per_alert.items() if a in alert_ids)
    strange = sum(n for a, n in per_alert.items() if a not in alert_ids)
    say(
        f"{len(alert_ids)} alerts, {sum(per_alert.values())} orders in the broker's book, "
        f"{lost} lost, {doubled + strange} doubled"
    )
    if lost or doubled or strange:
        raise CheckError("each alert must be ordered exactly once")

    def why_not() -> str:
        rows = Counter((r["order_ref"].partition("-")[0], r["state"]) for r in project.ledger())
        expected = Counter((a, "FILLED") for a in alert_ids)
        return "" if rows == expected else f"{(expected - rows) + (rows - expected)}"

    wait_until("`alertwire orders` agrees with the book", why_not, 15)
    say("`alertwire orders` says the same")


def main(name: str, token: str) -> int:
    project = Project(name, token)
    try:
        wait_until_healthy(project, *SERVICES, *FOREIGN)
        say("all containers are healthy")
        check_keys(project)
        check_walls(project, token)
        check_verbs(project)
        alert_ids = check_first_orders(project)
        alert_ids += check_refusals(project)
        alert_ids += check_foreign(project, token)
        alert_ids += check_kill(project, "gateway", "NASDAQ:MSFT")
        alert_ids += check_kill(project, "consumer", "NASDAQ:NVDA")
        alert_ids += check_kill_in_flight(project)
        alert_ids += check_under_load(project)
        check_counts(project, alert_ids)
        check_stop(project)
    except CheckError as error:
        say(f"FAILED: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
