import runpy
from pathlib import Path

import pytest

from secops.core.model import Status, Target, Transport
from secops.dial.conversation import Failed, Receive, Received, Send
from secops.discover.collectors import ber, datagram, dns, snmp_message
from secops.discover.collectors.datagrams import DATAGRAMS, PORTS, collector_of, conversation, openings

ANSWER = runpy.run_path(str(Path(__file__).with_name("datagram_answers.py")))
ANSWERS = ANSWER["ANSWERS"]


def run(port, answers, *, late=b""):
    """The reading of a server that answers so, and what it was asked. `late`: a datagram that comes first each time."""
    questions, pending, answer = [], [], None
    talk = conversation(Target("198.18.0.5", port, Transport.UDP))
    for _ in range(400):
        try:
            command = talk.send(answer)
        except StopIteration as done:
            return done.value, questions
        if isinstance(command, Send):
            questions.append(command.data)
            reply = answers(command.data)
            pending = [each for each in (late, reply) if each]
            answer = Received(b"")
        else:
            assert isinstance(command, Receive)
            answer = Received(pending.pop(0)[: command.most]) if pending else Failed(Status.TIMEOUT)
    raise AssertionError("the conversation does not end")


@pytest.mark.parametrize("port", PORTS)
def test_each_collector_understands_its_server(port):
    """A well-behaved server is understood, though a stranger's datagram comes before each answer."""
    reading, questions = run(port, ANSWERS[port], late=b"" if port == 3702 else b"nonsense")
    assert reading.status is Status.SUCCESS
    assert reading.collector == collector_of(port).label
    assert reading.facts["service.name"]
    assert len(questions) <= 60


@pytest.mark.parametrize("port", PORTS)
def test_silence_is_silence(port):
    """Nobody there: the reading says so, after the few questions the first shot asks with."""
    reading, questions = run(port, lambda question: b"")
    assert (reading.status, dict(reading.facts)) == (Status.TIMEOUT, {})
    assert tuple(questions) == openings(Target("198.18.0.5", port, Transport.UDP))
    assert 1 <= len(questions) <= 3


def test_no_question_amplifies_or_controls():
    """Every first question is small; NTP is mode 3 and nothing else; SNMP never sets."""
    for port in PORTS:
        for question in openings(Target("198.18.0.5", port, Transport.UDP)):
            assert len(question) <= (800 if port == 3702 else 250)
    (ntp,) = openings(Target("198.18.0.5", 123, Transport.UDP))
    assert (len(ntp), ntp[0] & 7) == (48, 3)
    _, questions = run(161, ANSWERS[161])
    kinds = {ber.members(ber.read(each)[1])[2][0] for each in questions if ber.read(each)[1][2] != 3}
    assert kinds <= {0xA0, 0xA1, 0xA5}


def test_marks_differ_between_targets_and_turns():
    """What an answer must repeat is another for every target, and the same when asked again."""
    one, two = Target("198.18.0.5", 53, Transport.UDP), Target("198.18.0.6", 53, Transport.UDP)
    assert datagram.mark(one, 0, 4) == datagram.mark(one, 0, 4)
    assert len({datagram.mark(one, 0, 4), datagram.mark(one, 1, 4), datagram.mark(two, 0, 4)}) == 3


def test_an_answer_to_somebody_else_is_not_ours():
    """A reply with another identity is passed over, whatever it says."""
    honest = ANSWERS[53]
    reading, _ = run(53, lambda question: b"\xff\xff" + honest(question)[2:])
    assert reading.status is not Status.SUCCESS


@pytest.mark.parametrize(
    ("said", "product", "version"),
    [
        ("9.18.49-1~deb12u3-Debian", "ISC BIND", "9.18.49-1~deb12u3"),
        ("9.16.50-RH", "ISC BIND", "9.16.50-RH"),
        ("dnsmasq-2.90", "dnsmasq", "2.90"),
        ("unbound 1.17.1", "Unbound", "1.17.1"),
        ("Microsoft DNS 10.0.17763 (456)", "Microsoft DNS", "10.0.17763"),
        ("none of your business", None, None),
    ],
)
def test_dns_products(said, product, version):
    """What version.bind says names the product where its words are known."""
    facts = dns.product(said)
    assert (facts.get("service.product"), facts.get("service.version")) == (product, version)


def test_dns_recursion():
    """Recursion offered and recursion refused."""
    make = ANSWER["dns"]
    assert run(53, make(flags=0x8480))[0].facts["dns.recursion"] is True
    assert run(53, make(flags=0x8400))[0].facts["dns.recursion"] is False
    assert run(53, make(flags=0x8485))[0].facts["dns.recursion"] is False


def test_snmp_tells_the_machine_and_its_neighbours():
    """System, vendor by enterprise number, interfaces, ARP and bridge tables, and the v3 engine."""
    reading, _ = run(161, ANSWERS[161])
    facts = reading.facts
    assert facts["snmp.versions"] == ("v1", "v2c", "v3")
    assert facts["device.vendor"] == "Huawei"
    assert facts["snmp.location"] == "三楼机房"
    assert facts["host.names"] == ("core-sw-1",)
    assert facts["host.mac"] == ("00:e0:fc:00:00:01", "00:e0:fc:00:00:02")
    assert facts["snmp.neighbours"] == ("198.18.0.9 00:50:56:0a:0b:0c",)
    assert facts["snmp.engine_id"] == "800007db0300e0fc000001"
    assert len(reading.extra["interfaces"]) == 39
    assert reading.extra["bridge"] == ["00:50:56:0a:0b:0c 7"]
    assert reading.extra["engine_boots"] == 3


def test_snmp_of_version_one_is_walked_row_by_row():
    """A v1 agent gives the same tables, a row a question, and no more than the bound."""
    reading, questions = run(161, ANSWER["agent"](versions=(0,)))
    assert reading.facts["snmp.versions"] == ("v1",)
    assert reading.facts["snmp.neighbours"] == ("198.18.0.9 00:50:56:0a:0b:0c",)
    assert len(reading.extra["interfaces"]) == 24
    assert len(questions) < 100


def test_snmp_with_version_three_only_wants_a_user():
    """An engine that answers v3 alone is known by its id; the community opens nothing."""
    reading, _ = run(161, ANSWER["agent"](versions=(3,)))
    assert (reading.facts["snmp.versions"], reading.facts["service.auth_required"]) == (("v3",), True)
    assert reading.facts["device.vendor"] == "Huawei"
    assert "interfaces" not in reading.extra


def test_snmp_agent_that_walks_in_circles_is_left():
    """Rows that do not ascend end the walk at once."""
    honest = ANSWERS[161]
    seen = []

    def circling(question: bytes) -> bytes:
        if ber.members(ber.read(question)[1])[2][0] != 0xA5:
            return honest(question)
        seen.append(question)
        request = ber.members(ber.members(ber.read(question)[1])[2][1])[0]
        pair = ber.wrap(48, ber.oid("1.3.6.1.2.1.2.2.1.2.1"), ber.integer(1))
        pdu = ber.wrap(0xA2, ber.wrap(*request), ber.integer(0), ber.integer(0), ber.wrap(48, pair, pair))
        return ber.wrap(48, ber.integer(1), ber.wrap(4, b"public"), pdu)

    reading, _ = run(161, circling)
    assert reading.status is Status.SUCCESS
    assert len(seen) == 4


def test_netbios_names():
    """Machine, domain and adapter."""
    facts = run(137, ANSWERS[137])[0].facts
    assert (facts["host.names"], facts["smb.domain"]) == (("FILES",), "GOVNET")
    assert facts["host.mac"] == ("00:50:56:0a:0b:0c",)


def test_mdns_names_the_model():
    """Services, instance, host name and model."""
    reading, questions = run(5353, ANSWERS[5353])
    assert reading.facts["device.model"] == "HP LaserJet 400"
    assert reading.facts["host.names"] == ("npi1.local",)
    assert "HP LaserJet._ipp._tcp.local" in reading.extra["instances"]
    assert len(questions) == 2


def test_upnp_server_line():
    """Product, version and system of the SERVER line."""
    facts = run(1900, ANSWERS[1900])[0].facts
    assert (facts["service.product"], facts["service.version"], facts["service.os"]) == (
        "ipGENADevice",
        "1.0",
        "ipOS 7.0",
    )


def test_ike_versions_and_vendor():
    """Both versions, the refusal and the vendor id."""
    reading, _ = run(500, ANSWERS[500])
    assert (reading.facts["service.info"], reading.facts["service.product"]) == ("IKEv2 IKEv1", "strongSwan")
    assert reading.extra["notifications"] == [14]


def test_bacnet_properties():
    """Maker, model and firmware of the controller."""
    reading, _ = run(47808, ANSWERS[47808])
    facts = reading.facts
    assert (facts["device.vendor"], facts["device.model"], facts["device.firmware"]) == (
        "Delta Controls",
        "DSC-1146E",
        "V3.40",
    )
    assert (facts["service.info"], reading.extra["instance"]) == ("AHU-1 冷站", 9)


def test_ntp_reference():
    """Stratum and the clock it follows."""
    reading, _ = run(123, ANSWERS[123])
    assert reading.facts["service.info"] == "NTP v4, stratum 2"
    assert reading.extra["reference"] == "198.18.0.1"


def test_ber_refuses_what_it_should():
    """Lengths beyond the data, indefinite lengths and endless identifiers are no values."""
    for bad in (b"\x30", b"\x30\x80\0\0", b"\x30\x05a", b"\x30\x85\1\1\1\1\1", b"\x04\x84\xff\xff\xff\xff"):
        with pytest.raises(ValueError):
            ber.read(bad)
    for bad in (b"", b"\xff" * 9, b"\x2b\x81"):
        with pytest.raises(ValueError):
            ber.dotted(bad)
    assert ber.dotted(ber.read(ber.oid("1.3.6.1.4.1.2011.4294967295"))[1]) == "1.3.6.1.4.1.2011.4294967295"
    assert ber.read(ber.wrap(4, b"x" * 300))[1] == b"x" * 300


def test_question_of_snmp_is_as_the_standard_has_it():
    """The bytes of a v1 GET of sysDescr (net-snmp sends the same)."""
    assert snmp_message.question(0, 1, ("1.3.6.1.2.1.1.1.0",)) == bytes.fromhex(
        "302602010004067075626c6963a019020101020100020100300e300c06082b060102010101000500"
    )


def test_every_collector_is_told_and_has_a_port():
    """Each has its label, its words in two languages and ports nobody else asks."""
    taken = [port for each in DATAGRAMS for port in each.ports]
    assert len(taken) == len(set(taken)) == len(PORTS)
    assert all(each.sends and each.zh and each.en and each.ask for each in DATAGRAMS)
