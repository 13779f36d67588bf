"""BACnet controllers: read six properties of the device object, nothing else. Only where the scope says industrial.

Source: ANSI/ASHRAE 135, clause 15.5 (ReadProperty) and annex J (BACnet/IP).
"""

from typing import Final

from secops.core.model import Status, Target, Value
from secops.dial.conversation import Failed
from secops.discover.collectors import datagram
from secops.discover.collectors.interface import Collector, Reading, Talking, clean, decoded

LABEL: Final = "bacnet@1"
_BVLC, _UNICAST = 0x81, 0x0A
_COMPLEX_ACK, _ERROR, _REJECT, _ABORT = 0x30, 0x50, 0x60, 0x70
_ANY_DEVICE: Final = (8 << 22 | 4_194_303).to_bytes(4, "big")
"""Object type device, the instance that stands for whichever one listens."""
_IDENTIFIER: Final = 75
_PROPERTIES: Final = ((77, "name"), (121, "vendor"), (70, "model"), (44, "firmware"), (58, "location"))


def ask(_target: Target) -> Talking:
    """The device's identifier first; where that is told, its name, vendor, model, firmware and location."""
    told: dict[str, str] = {}
    instance = -1
    for turn, (number, name) in enumerate(((_IDENTIFIER, ""), *_PROPERTIES)):
        heard = yield from datagram.asked(_question(number, turn), lambda data, turn=turn: _fits(data, turn))  # type: ignore[misc]  # a default binds the loop's value
        if isinstance(heard, Failed):
            if not turn:
                return Reading(LABEL, heard.status)
            break
        value = _value(heard, number)
        if not turn:
            instance = int.from_bytes(value[1:5], "big") & 0x3FFFFF if value[:1] == b"\xc4" and len(value) == 5 else -1
        elif text := _text(value):
            told[name] = text
    facts: dict[str, Value] = {
        "service.name": "bacnet",
        "service.info": told.get("name", ""),
        "device.vendor": told.get("vendor", ""),
        "device.model": told.get("model", ""),
        "device.firmware": told.get("firmware", ""),
        "device.type": "building controller",
    }
    extra: dict[str, object] = {"instance": instance} | ({"location": told["location"]} if "location" in told else {})
    return Reading(LABEL, Status.SUCCESS, {name: value for name, value in facts.items() if value}, extra)


def _question(number: int, turn: int) -> bytes:
    apdu = bytes([0x00, 0x04, turn + 1, 0x0C, 0x0C]) + _ANY_DEVICE + bytes([0x19, number])
    body = b"\x01\x04" + apdu
    return bytes([_BVLC, _UNICAST]) + (4 + len(body)).to_bytes(2, "big") + body


def _fits(data: bytes, turn: int) -> bool:
    """An acknowledgement, error, reject or abort of this invocation, without routing information."""
    return (
        len(data) >= 8
        and data[:2] == bytes([_BVLC, _UNICAST])
        and data[4:6] == b"\x01\x00"
        and data[6] & 0xF0 in {_COMPLEX_ACK, _ERROR, _REJECT, _ABORT}
        and data[7] == turn + 1
    )


def _value(data: bytes, number: int) -> bytes:
    """The tagged value of an acknowledged read, empty where there is none."""
    if data[6] != _COMPLEX_ACK or data[8:10] != b"\x0c\x0c" or data[14:17] != bytes([0x19, number, 0x3E]):
        return b""
    end = data.rfind(b"\x3f")
    return data[17:end] if end > 17 else b""


def _text(value: bytes) -> str:
    """A character string: tag 7, length, character set 0 (UTF-8) or 4 (UTF-16)."""
    if not value or value[0] >> 4 != 7:
        return ""
    size, start = value[0] & 7, 1
    if size == 5:
        size, start = (value[1], 2) if len(value) > 1 else (0, 1)
    text = value[start : start + size]
    return clean(text[1:].decode("utf-16-be", "replace") if text[:1] == b"\x04" else decoded(text[1:]), 255)


COLLECTOR = Collector(
    "bacnet", 1, "BACnet 控制器的厂商与型号（须 industrial: true）", "maker and model of BACnet controllers",
    ("ReadProperty object-identifier, object-name, vendor-name, model-name, firmware-revision, location",),
    frozenset({47808}), ask=ask,
)  # fmt: skip
