"""An alert's steps as JSON text: `{"traceparent": …, "stamps": [["RECEIVED", "2026-…Z"], …]}`."""

import json
from datetime import datetime
from typing import Final

from alertwire.wire.delivery import Stage, Stamp, Trace

_OWN: Final = frozenset({Stage.RECEIVED, Stage.JOURNALED, Stage.PUSHED})


def write_trace(trace: Trace) -> str:
    stamps = [[stamp.stage.name, _iso(stamp.at)] for stamp in trace.stamps]
    return json.dumps({"traceparent": trace.traceparent, "stamps": stamps})


def read_trace(text: str) -> Trace:
    data = json.loads(text)
    return Trace(
        traceparent=data["traceparent"],
        stamps=tuple(
            Stamp(stage=Stage[stage], at=datetime.fromisoformat(at)) for stage, at in data["stamps"]
        ),
    )


def join_traces(own: Trace, told: Trace) -> Trace:
    """Put the executor's steps behind our own: an executor may send back nothing, or all."""
    later = tuple(stamp for stamp in told.stamps if stamp.stage not in _OWN)
    return Trace(traceparent=own.traceparent or told.traceparent, stamps=own.stamps + later)


def _iso(at: datetime) -> str:
    return at.isoformat().removesuffix("+00:00") + "Z"
