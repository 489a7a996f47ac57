"""The door: one request in, one answer out. Knows nothing of HTTP servers.

Admission → reading → one commit to the journal → 200. An alert is accepted if and only if its row
is on disk before the answer.
"""

import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

from alertwire.clock import Clock
from alertwire.configuration import LatePolicy, Route
from alertwire.faults import JournalUnavailable
from alertwire.identity import Ids
from alertwire.journal.commit import GroupCommit
from alertwire.journal.traces import write_trace
from alertwire.logs import Logger
from alertwire.routes import Routes
from alertwire.wire.alert import Alert, Extra
from alertwire.wire.delivery import Stage, Trace
from producer import ages, metrics, permissions
from producer.acceptance import Accepted, Arrival, Turned
from producer.admission import NO_SECRET, Admission, Visitor
from producer.capacity import Capacity, Waiters
from producer.dialects.choice import read_alert
from producer.dialects.reading import Reading
from producer.dialects.remains import entry_in
from producer.dry_run import dry_run
from producer.intake import Intake, Mark, Receiver
from producer.objections import A_BUG, NOT_KEPT, TOO_LATE, elsewhere, id_taken, too_many
from producer.parts import Split, fixed_accounts, split
from producer.rates import Rate
from producer.redaction import KNOWN_LENGTH_MIN, redact
from producer.refusal import Refused

FIRE_TIME_AHEAD_MAX: Final = timedelta(seconds=60)
"""A fire time further ahead of our clock is none: believed, it would make all that follow late."""


@dataclass(frozen=True, slots=True)
class Request:
    """A POST: the token of its address, how to read its body, who sent it.

    The body is read after the token was found right: strangers must not keep a thread waiting.
    Where it cannot be told whether a dry run is asked for, `is_dry_run` is the refusal.
    """

    token: str
    read_body: Callable[[], bytes | Refused]
    visitor: Visitor
    is_dry_run: bool | Refused = False


@dataclass(frozen=True, slots=True)
class Answer:
    """Status, JSON, and headers beside those that every answer has."""

    status: int
    body: dict[str, Any]
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class _Rules:
    """The routes in force and what each has left: exchanged as a whole, under requests in hand."""

    routes: Routes
    rates: Mapping[str, Rate]
    secrets: tuple[bytes, ...]
    """What no body may be kept with: tokens, and what alerts must hold."""


_ALWAYS: Final = datetime.fromtimestamp(0, UTC)


class Outlet(Waiters, Receiver, Protocol):
    """Where accepted alerts go: the publisher."""

    def would_send(self, key: str) -> bool: ...


class Door:
    """Takes requests from any number of threads."""

    def __init__(
        self,
        routes: Routes,
        commit: GroupCommit,
        outlet: Outlet,
        admission: Admission,
        capacity: Capacity,
        clock: Clock,
        ids: Ids,
        logger: Logger,
    ) -> None:
        self._intake = Intake(commit, outlet, clock)
        self._outlet = outlet
        self._admission = admission
        self._capacity = capacity
        self._clock = clock
        self._ids = ids
        self._log = logger
        self.use(routes)

    @property
    def routes(self) -> Routes:
        """The routes in force."""
        return self._rules.routes

    def use(self, routes: Routes) -> None:
        """Put these routes in force for every request from now on."""
        rates = {name: Rate(each.alerts_per_minute_max) for name, each in routes.by_name.items()}
        known = {secret for secret in routes.secrets() if len(secret) >= KNOWN_LENGTH_MIN}
        longest_first = sorted((secret.encode() for secret in known), key=len, reverse=True)
        self._rules = _Rules(routes, rates, tuple(longest_first))

    def take(self, request: Request) -> Answer:
        """Answer a request to the webhook."""
        started_s = self._clock.monotonic_s()
        try:
            answer = self._take(request)
        except Exception:
            # A bug. Text, not exc_info: a console would show the locals, and the token is there.
            self._log.error("request_failed", traceback=traceback.format_exc())
            answer = self.refuse(A_BUG)
        metrics.WEBHOOK_SECONDS.observe(self._clock.monotonic_s() - started_s)
        return answer

    def refuse(self, refused: Refused, **about: str) -> Answer:
        """Count, log and answer a refusal."""
        metrics.REFUSED.labels(refused.code).inc()
        self._log.warning(
            "alert_refused",
            status=refused.status,
            code=refused.code,
            field=refused.field,
            reason=refused.message,
            **about,
        )
        headers: tuple[tuple[str, str], ...] = ()
        if refused.retry_after_s:
            headers = (("Retry-After", str(refused.retry_after_s)),)
        return Answer(refused.status, refused.body(), headers)

    def _take(self, request: Request) -> Answer:
        now = self._clock.now()
        rules, visitor = self._rules, request.visitor
        source = visitor.address
        route_name = self.name_route(request.token, visitor, rules.routes)
        if isinstance(route_name, Refused):
            return self.refuse(route_name, source=source)
        route = rules.routes.by_name[route_name]
        if objection := self._admission.admit(visitor, route_name, route):
            return self.refuse(objection, source=source, route=route_name)
        if wait_s := rules.rates[route_name].take(self._clock.monotonic_s()):
            return self.refuse(too_many(route, wait_s), source=source, route=route_name)
        if not request.is_dry_run and (objection := self._capacity.objection()):
            return self.refuse(objection, source=source, route=route_name)
        raw_body = request.read_body()
        if isinstance(raw_body, Refused):
            return self.refuse(raw_body, source=source, route=route_name)
        objection = self._admission.refuse_body(visitor, route, raw_body)
        # Before all else: what follows keeps, quotes and logs parts of it.
        raw_body = redact(raw_body, rules.secrets)
        if objection:
            if objection == NO_SECRET and not request.is_dry_run:
                self._keep(objection, raw_body, source, route_name, now)
            return self.refuse(objection, source=source, route=route_name)
        if isinstance(request.is_dry_run, Refused):
            self._keep(request.is_dry_run, raw_body, source, route_name, now)
            return self.refuse(request.is_dry_run, source=source, route=route_name)
        reading = self._read(raw_body, route_name, route, now)
        if isinstance(reading, Refused):
            if not request.is_dry_run:
                self._keep(reading, raw_body, source, route_name, now)
            return self.refuse(reading, source=source, route=route_name)
        not_after = ages.not_after(reading, route, now)
        divided = split(reading.alert, route.ordering_key, self._ids, self._outlet.would_send)
        if request.is_dry_run:
            return Answer(200, dry_run(reading, route, divided.whole.key, not_after))
        if objection := self._strain(divided, now):
            return self.refuse(objection, source=source, route=route_name)
        twins_since = ages.twins_since(reading, route, now)
        answer = self._accept(reading, divided, not_after, raw_body, now, twins_since, route.late)
        if isinstance(answer, Refused):
            self._keep(answer, raw_body, source, route_name, now)
            return self.refuse(answer, source=source, route=route_name)
        return answer

    def name_route(self, token: str, visitor: Visitor, routes: Routes) -> str | Refused:
        """Return the name of the route of this token; wrong ones count against the visitor."""
        found = routes.name_of(token, self._clock.now())
        return self._admission.refuse_stranger(visitor) if found is None else found

    def take_again(
        self, raw_body: bytes, route_name: str, letter_id: str, account: str, mark: Mark
    ) -> Answer:
        """Take a dead letter's body as a new alert, because a person asks for it.

        Its age counts from now, and whether it is late is not asked. Its identity is the letter's,
        remembered for as long as its row is there. Of a letter that was one account's only that
        account is traded. Raises what `mark` raises; then nothing is kept.
        """
        now = self._clock.now()
        route = self.routes.by_name[route_name]
        raw_body = redact(raw_body, self._rules.secrets)
        reading = self._read(raw_body, route_name, route, now)
        if isinstance(reading, Refused):
            return self.refuse(reading, route=route_name)
        if account and account not in reading.alert.accounts:
            return self.refuse(elsewhere(letter_id, account), route=route_name)
        origin = Extra(name="replay_of", value=letter_id)
        alert = replace(
            reading.alert,
            accounts=(account,) if account else reading.alert.accounts,
            # Whether later alerts are late is not told by what a person did.
            fired_at=None,
            extras=(*reading.alert.extras, origin),
        )
        divided = split(alert, route.ordering_key, self._ids, self._outlet.would_send)
        if objection := self._capacity.objection() or self._strain(divided, now):
            return self.refuse(objection, route=route_name)
        reading = replace(reading, alert=alert, identity=f"replay/{letter_id}")
        not_after = ages.not_after(reading, route, now)
        late = LatePolicy.ACCEPT
        answer = self._accept(reading, divided, not_after, raw_body, now, _ALWAYS, late, mark)
        return answer if isinstance(answer, Answer) else self.refuse(answer, route=route_name)

    def _read(
        self, raw_body: bytes, route_name: str, route: Route, now: datetime
    ) -> Reading | Refused:
        reading = read_alert(raw_body, route_name, route, self._ids.alert_id(), now)
        if isinstance(reading, Refused):
            return reading
        alert = fixed_accounts(reading.alert, route)
        return permissions.objection(alert, route) or replace(reading, alert=alert)

    def _strain(self, divided: Split, now: datetime) -> Refused | None:
        """Say why nothing of it can be taken in; None: it can, for one of its accounts at least.

        One account's queue must not keep the others from trading: what is then too much for it
        waits there all the same, up to the bound of all queues together.
        """
        objections = [self._capacity.objection_to(key, now) for key in divided.keys]
        if None in objections:
            for part, refused in zip(divided.parts, objections, strict=True):
                if refused is not None:
                    self._log.error(
                        "account_strained", alarm=True, reason=refused.message, account=part.account
                    )
            return None
        return objections[0]

    def _accept(
        self,
        reading: Reading,
        divided: Split,
        not_after: datetime | None,
        raw_body: bytes,
        now: datetime,
        twins_since: datetime | None,
        late: LatePolicy,
        mark: Mark | None = None,
    ) -> Answer | Refused:
        alert = reading.alert
        fired_at = alert.fired_at
        if fired_at is not None and fired_at > now + FIRE_TIME_AHEAD_MAX:
            self._log.warning("fire_time_not_believed", alert_id=alert.alert_id, fired_at=fired_at)
            fired_at = None
        trace = Trace(traceparent=self._ids.traceparent()).stamped(Stage.RECEIVED, now)
        arrival = Arrival(
            split=divided,
            identity=reading.identity,
            twins_since=twins_since,
            accepted_at=now,
            not_after=not_after,
            fired_at=fired_at,
            late=late,
            raw_body=raw_body,
            trace_text=write_trace(trace),
            new_id=self._ids.alert_id,
        )

        try:
            accepted = self._intake.take(arrival, trace, mark)
        except JournalUnavailable as error:
            self._log.error("journal_failed", reason=str(error))
            return self.refuse(NOT_KEPT, route=alert.route)
        if accepted is None:
            return TOO_LATE
        if self._is_another(reading, accepted, now):
            self._log.error(
                "sender_id_taken",
                alarm=True,
                sender_id=alert.sender_id,
                twin=accepted.alert_id,
                reason="the id is that of another alert of the last 24 hours; nothing was ordered",
                remedy="give every alert an id of its own, or none; then alertwire replay it",
            )
            return id_taken(alert.sender_id, accepted.alert_id)
        return self._told(alert, accepted)

    def _is_another(self, reading: Reading, accepted: Accepted, now: datetime) -> bool:
        """Whether a duplicate by its sender's id says something else than its twin did."""
        if not accepted.is_duplicate or not reading.alert.sender_id:
            return False
        name = reading.alert.route
        route = self.routes.by_name.get(name) or Route()
        twin = self._read(accepted.twin_body, name, route, now)
        return isinstance(twin, Refused) or twin.content != reading.content

    def _told(self, alert: Alert, accepted: Accepted) -> Answer:
        """Count, log and answer an alert that was kept, or was there already."""
        event, counter = (
            ("alert_duplicate", metrics.DUPLICATE)
            if accepted.is_duplicate
            else ("alert_accepted", metrics.ACCEPTED)
        )
        counter.inc()
        siblings = [row.part.alert.alert_id for row in accepted.rows[1:]]
        self._log.info(
            event,
            alert_id=accepted.alert_id,
            route=alert.route,
            strategy=alert.strategy,
            symbol=alert.instrument.source_symbol,
            action=alert.action.name.lower(),
            repairs=alert.repairs,
            **({"siblings": siblings} if siblings else {}),
        )
        body = {
            "alert_id": accepted.alert_id,
            "status": "accepted",
            "duplicate": accepted.is_duplicate,
        }
        for row in accepted.rows:
            if not row.is_late:
                continue
            metrics.LATE.inc()
            name = row.part.alert.alert_id
            self._log.error(
                "alert_late",
                alarm=True,
                alert_id=name,
                key=row.part.key,
                fired_at=alert.fired_at,
                reason="it fired before the last accepted one of its key; nothing was ordered",
                remedy=f"alertwire replay {name}, or alertwire drop {name}",
            )
            body["late"] = True
        return Answer(200, body)

    def _keep(
        self, refused: Refused, raw_body: bytes, source: str, route_name: str, now: datetime
    ) -> None:
        """Keep what was refused, as well as can be: the answer does not depend on it.

        The gateway is told of an entry, for the strategy will close it all the same; but not for an
        account in whose queue too many wait already.
        """
        row = {
            "refusal_id": self._ids.alert_id(),
            "route": route_name,
            "at": now,
            "source": source[:64],
            "status": refused.status,
            "code": refused.code,
            "field": refused.field[:64],
            "detail": refused.message,
            "raw_body": raw_body,
        }
        route = self.routes.by_name.get(route_name)
        divided = None
        # Who does not know the route's secret tells the gateway nothing.
        entry = (
            entry_in(raw_body, route_name, route, self._ids.alert_id(), now)
            if route and refused != NO_SECRET
            else None
        )
        if route and entry:
            entry = fixed_accounts(entry, route)
            found = split(entry, route.ordering_key, self._ids, lambda _: False)
            parts = tuple(p for p in found.parts if not self._capacity.objection_to(p.key, now))
            divided = replace(found, parts=parts) if parts else None
        trace = Trace(traceparent=self._ids.traceparent()).stamped(Stage.RECEIVED, now)
        try:
            self._intake.turn_away(Turned(row, divided, write_trace(trace)), trace)
        except JournalUnavailable as error:
            self._log.error("refusal_not_kept", reason=str(error))
