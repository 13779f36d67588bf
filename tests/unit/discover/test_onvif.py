from secops.core.model import Status, Target
from secops.discover.collectors import onvif

HERE = Target("198.18.0.1", 3702)
MATCH = (
    b'<?xml version="1.0"?><SOAP-ENV:Envelope><SOAP-ENV:Body><d:ProbeMatches><d:ProbeMatch>'
    b"<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>onvif://www.onvif.org/type/video_encoder "
    b"onvif://www.onvif.org/hardware/DS-2CD2042WD-I onvif://www.onvif.org/name/HIKVISION%20DS-2CD2042WD-I"
    b"</d:Scopes><d:XAddrs>http://198.18.0.1/onvif/device_service</d:XAddrs></d:ProbeMatch></d:ProbeMatches>"
)


def test_a_camera_tells_its_hardware_and_name(player):
    """Hardware and name come out of the scopes, percent signs undone."""
    reading = player(MATCH).run(onvif.ask(HERE))
    assert reading.status is Status.SUCCESS
    assert reading.facts["service.product"] == "DS-2CD2042WD-I"
    assert reading.facts["service.info"] == "HIKVISION DS-2CD2042WD-I"
    assert reading.extra["addresses"] == ("http://198.18.0.1/onvif/device_service",)


def test_an_entity_bomb_is_not_opened(player):
    """What is no ProbeMatch is another protocol, whatever its document type declares."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><x>&b;</x>'
    assert player(bomb).run(onvif.ask(HERE)).status is Status.PROTOCOL_ERROR
