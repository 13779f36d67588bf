"""The doctor looks at nmap's probe file and at the libraries that match banners."""

from secops.discover.probes import file, matchers
from secops.hall.flows.doctor import BAD, GOOD, WARN, _probes


def test_probe_file_is_read_whole(tmp_path, monkeypatch):
    """A sound file is counted, a damaged one shows its line, a missing one says what serves instead."""
    path = tmp_path / "probes"
    path.write_bytes(b"Probe TCP NULL q||\nmatch x m|^x|\n")
    monkeypatch.setattr(file, "PLACES", (str(path),))
    monkeypatch.setattr(matchers, "pcre2", object())
    monkeypatch.setattr(matchers, "hyperscan", object())
    assert _probes().state == GOOD
    assert str(path) in _probes().found
    monkeypatch.setattr(matchers, "hyperscan", None)
    assert (_probes().state, "hyperscan" in _probes().hint) == (WARN, True)
    path.write_bytes(b"Probe TCP NULL q||\nmatch x\n")
    assert _probes().state == BAD
    assert ":2" in _probes().found
    path.unlink()
    assert _probes().state == WARN
