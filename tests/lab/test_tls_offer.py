"""A real OpenSSL server, asked by nmap's script and by us: the same versions and suites."""

import re
import subprocess
from functools import partial
from pathlib import Path

import pytest

from secops.core.clock import SystemClock
from secops.core.model import Target
from secops.dial.loop import Loop
from secops.dial.talk import Bounds, Job
from secops.discover.collectors import tls_offer
from secops.discover.collectors.interface import Reading
from tests.lab.leave import gate, scope
from tests.lab.network import HOSTS, Lab

pytestmark = pytest.mark.lab

HERE = Target("198.19.0.1", 8455)


@pytest.fixture(scope="module")
def server(lab: Lab, tmp_path_factory: pytest.TempPathFactory) -> None:
    """`openssl s_server` with everything it can do switched on."""
    folder = tmp_path_factory.mktemp("tls")
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30", "-subj", "/CN=lab.invalid"]
    subprocess.run([*made, "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True)
    lab.start(
        lab.target, "openssl", "s_server", "-accept", str(HERE.port), "-key", str(folder / "key"),
        "-cert", str(folder / "cert"), "-cipher", "ALL:@SECLEVEL=0", "-www", "-quiet",
    )  # fmt: skip
    lab.wait([HERE.port])


def test_versions_and_suites_are_those_nmap_finds(lab: Lab, server: None, tmp_path: Path) -> None:
    """Every version and suite that ssl-enum-ciphers names, and no other."""
    lab.leased([HOSTS], [str(HERE.port)])
    with lab.within():
        passage, _ = gate(tmp_path, scope([HOSTS], [str(HERE.port)]))
        loop = Loop(passage, SystemClock(), pps_per_host=10_000,
                    bounds=Bounds(redials=tls_offer.QUESTIONS_MOST, commands=1_000, seconds=60.0))  # fmt: skip
        (outcome,) = loop.run(iter([Job(HERE, partial(tls_offer.ask, HERE, thorough=True))]))
        passage.close()
        theirs = subprocess.run(
            ["nmap", "-Pn", "-n", "-p", str(HERE.port), "--script", "ssl-enum-ciphers", HERE.address],
            check=True, capture_output=True, text=True, timeout=120,
        ).stdout  # fmt: skip
    assert isinstance(outcome.result, Reading)
    suites = {each.replace("TLS_AKE_WITH_", "TLS_") for each in re.findall(r"TLS_\w+", theirs)}
    versions = {each.removesuffix(".0") for each in re.findall(r"(?:TLSv1\.\d|SSLv3)(?=:)", theirs)}
    assert len(suites) > 30
    assert set(outcome.result.facts["tls.suites"]) == suites  # type: ignore[arg-type]  # a tuple of texts
    assert set(outcome.result.facts["tls.versions"]) == versions  # type: ignore[arg-type]  # as above
    assert not outcome.result.extra.get("incomplete")
