"""What a plan asks over UDP, and whether it pings: by scope, by options, by privilege. Nothing is sent here."""

from collections.abc import Iterator

import pytest

from secops.core.clock import SystemClock, render
from secops.core.errors import UsageError
from secops.dial.wire import mmsg
from secops.discover.collectors.datagrams import PORTS
from secops.hall.app import App
from secops.hall.flows import scope as scopes
from secops.hall.flows.discover_open import make_plan
from secops.hall.flows.discover_plan import described, left_alone
from secops.hall.workspace import Workspace
from secops.scope.template import Draft

BACNET = 47_808


@pytest.fixture
def app(tmp_path, monkeypatch) -> Iterator[App]:
    monkeypatch.setenv("SECOPS_DISCOVER_PROBES", "off")
    workspace = Workspace(tmp_path)
    workspace.make()
    secret = tmp_path / "pass"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    today = SystemClock().now()
    with App(workspace) as opened:
        scopes.keygen(opened, "chief", secret)
        for name, ports, level, industrial in (
            ("wide", ["1-65535"], 2, False),
            ("gentle", ["1-65535"], 1, False),
            ("narrow", ["80", "161"], 2, False),
            ("plant", ["1-65535"], 2, True),
        ):
            path = workspace.scopes / f"{name}.yaml"
            draft = Draft(
                name, "default", "法", "号", "局", render(today)[:10], render(today + 10 * 86_400_000)[:10],
                ["198.18.9.0/24"], ["lab"], ports=ports, level=level,
            )  # fmt: skip
            scopes.new(path, draft)
            text = path.read_text()
            if industrial:
                assert "industrial: false" in text
                path.write_text(text.replace("industrial: false", "industrial: true"))
            scopes.sign(opened, path, "chief", secret)
        yield opened


@pytest.mark.parametrize(
    ("scope", "ports", "wanted"),
    [
        ("wide.yaml", "", tuple(port for port in PORTS if port != BACNET)),
        ("plant.yaml", "", PORTS),
        ("narrow.yaml", "", (161,)),
        ("wide.yaml", "53,80,161", (53, 161)),
        ("wide.yaml", "web", ()),
    ],
)
def test_udp_ports_are_those_of_scope_and_option_that_have_a_collector(app, scope, ports, wanted):
    """BACnet only where controllers are in the scope; `--ports` narrows UDP as it narrows TCP."""
    assert make_plan(app, scope, engine="connect", ports=ports).udp == wanted
    assert make_plan(app, scope, engine="connect", ports=ports, udp=False).udp == ()


def test_pings_go_with_the_raw_engine(app, monkeypatch):
    """With connect only when asked for; where raw packets cannot be sent, asking for them is told as an error."""
    monkeypatch.setattr(mmsg, "capable", lambda: "")
    assert make_plan(app, "wide.yaml", engine="syn").ping is True
    assert make_plan(app, "wide.yaml", engine="syn", ping=False).ping is False
    assert make_plan(app, "wide.yaml", engine="connect").ping is False
    assert make_plan(app, "wide.yaml", engine="connect", ping=True).ping is True
    monkeypatch.setattr(mmsg, "capable", lambda: "no CAP_NET_RAW")
    with pytest.raises(UsageError) as told:
        make_plan(app, "wide.yaml", engine="connect", ping=True)
    assert told.value.code == "E1408"


def test_the_plan_shows_the_bytes(app, monkeypatch):
    """What is sent over UDP stands there in hexadecimal, pings and zone transfers too, as the level allows."""
    monkeypatch.setattr(mmsg, "capable", lambda: "")
    shown = described(make_plan(app, "wide.yaml", engine="syn"))
    told = "\n".join(shown["sends"])
    assert "snmp@1 udp/161" in told
    assert "04067075626c6963" in told, "the community `public`"
    assert "ping@1" in told
    assert "zone@1" in told
    assert (shown["udp"], shown["ping"]) == ("53,123,137,161,500,1900,3702,5353", True)
    gentle = described(make_plan(app, "gentle.yaml", engine="connect", udp=False))
    assert not any("udp/" in each or "zone@1" in each or "ping@1" in each for each in gentle["sends"])
    assert "zone@1" not in "\n".join(described(make_plan(app, "gentle.yaml", engine="connect"))["sends"])


def test_only_what_may_be_sent_is_shown(app, monkeypatch):
    """Industrial questions are no part of a plan whose ports hold none; without ports only the rest is shown."""
    monkeypatch.setattr(mmsg, "capable", lambda: "")
    told = "\n".join(described(make_plan(app, "gentle.yaml", engine="connect", ports="80", udp=False))["sends"])
    assert "http@1" in told
    assert not any(each in told for each in ("s7@1", "modbus@1", "oracle@1", "smb@1"))


def test_ports_nobody_may_touch_are_named_with_their_reason(app):
    """Where nothing else was wished for it is an error; left_alone tells the ports and why."""
    with pytest.raises(UsageError) as told:
        make_plan(app, "wide.yaml", engine="connect", ports="9100,515")
    assert told.value.code == "E1409"
    assert "515" in told.value.why
    assert "9100" in told.value.why
    assert left_alone("80,443") == ""
    assert left_alone("80,9000-9102").startswith("9100-9102 ")
