"""IEC 60870-5-104: does a station answer the test frame (TESTFR act, clause 5.2)? No data transfer is started."""

from secops.core.model import Status, Target
from secops.dial.conversation import Failed
from secops.discover.collectors.exchange import asked
from secops.discover.collectors.interface import Collector, Reading, Talking

LABEL = "iec104@1"
_ACT = bytes.fromhex("680443000000")
_CON = bytes.fromhex("680483000000")


def ask(_target: Target) -> Talking:
    """TESTFR con, and nothing more is known of it."""
    got = yield from asked(_ACT, 6)
    if isinstance(got, Failed):
        return Reading(LABEL, got.status)
    if got != _CON:
        return Reading(LABEL, Status.PROTOCOL_ERROR)
    return Reading(LABEL, Status.SUCCESS, {"service.name": "iec-104", "service.device_type": "RTU"})


COLLECTOR = Collector(
    "iec104", 1, "IEC 104 站端（只发测试帧）", "an IEC 104 station, by its test frame alone",
    ("TESTFR act",), frozenset({2404}), ask=ask,
)  # fmt: skip
