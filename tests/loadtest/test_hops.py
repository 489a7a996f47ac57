"""The hop table is read from the journal's traces."""

from loadtest.hops import hop_latencies, parse_stamps

TRACE = """{"traceparent": "00-1-2-01", "stamps": [["RECEIVED", "2026-11-22T10:00:00.000100Z"],
["JOURNALED", "2026-11-22T10:00:00.000600Z"], ["PLACED", "2026-11-22T10:00:00.002600Z"]]}"""


def test_hops_are_between_neighbouring_stages_from_due_to_arrival() -> None:
    stamps = parse_stamps(TRACE)
    received_ns = stamps["RECEIVED"]

    hops = hop_latencies(
        {"A": stamps}, {"A": received_ns - 100_000, "LOST": 1}, {"A": received_ns + 3_000_000}
    )

    durations_us = {name: hop.at_percentile_us(100) for name, hop in hops.items()}
    assert {name: round(us, -1) for name, us in durations_us.items()} == {
        "DUE → RECEIVED": 100,
        "RECEIVED → JOURNALED": 500,
        "JOURNALED → PLACED": 2000,
        "PLACED → ARRIVED": 500,
    }
