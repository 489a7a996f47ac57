"""historicalData: all bars of a request in one message."""

from datetime import datetime

from simulator import versions
from simulator.bars import BARS_OF, Bar
from simulator.fields import plain
from simulator.framing import frame_fields
from simulator.inbound import History
from simulator.outbound_order import EASTERN


def historical_data(request_id: int, rows: list[Bar], request: History, version: int) -> bytes:
    """TWS API: days are dates; formatDate 2 asks for seconds since 1970 instead of text."""
    size = BARS_OF[request.bar_size]
    fields = [
        "17",
        str(request_id),
        _zoned(rows[0].start, version),
        _zoned(rows[-1].start + size, version),
        str(len(rows)),
    ]
    for bar in rows:
        if size >= 86400:
            when = datetime.fromtimestamp(bar.start, EASTERN).strftime("%Y%m%d")
        elif request.date_format == 2:
            when = str(bar.start)
        else:
            when = _zoned(bar.start, version)
        average = (bar.open + bar.close) / 2
        fields += [when, plain(bar.open), plain(bar.high), plain(bar.low), plain(bar.close)]
        fields += [str(bar.volume), plain(average), str(bar.count)]
    return frame_fields(*fields)


def _zoned(moment: float, version: int) -> str:
    text = datetime.fromtimestamp(moment, EASTERN).strftime("%Y%m%d  %H:%M:%S")
    if version >= versions.ZONED_TIMES:
        return text.replace("  ", " ") + " US/Eastern"
    return text
