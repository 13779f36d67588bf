"""Limits of the machine are told before they bite, with the way out."""

import resource

import pytest

from secops.hall.flows.discover_limits import few_descriptors, full_conntrack


@pytest.mark.parametrize(("used", "warned"), [(10, 0), (89, 0), (90, 1), (100, 1)])
def test_a_conntrack_table_nearly_full_is_told(tmp_path, used, warned):
    """From nine tenths on it says how full the table is; the kernel drops silently what does not fit."""
    (tmp_path / "nf_conntrack_count").write_text(f"{used}\n")
    (tmp_path / "nf_conntrack_max").write_text("100\n")
    found = list(full_conntrack(tmp_path))
    assert len(found) == warned
    assert all(each.startswith("E3502: ") and f"{used}/100" in each for each in found)


def test_without_conntrack_nothing_is_told(tmp_path):
    """No module, no table; a garbled number is no reason to stop."""
    assert list(full_conntrack(tmp_path)) == []
    (tmp_path / "nf_conntrack_count").write_text("many\n")
    (tmp_path / "nf_conntrack_max").write_text("0\n")
    assert list(full_conntrack(tmp_path)) == []


def test_too_few_descriptors_are_told(monkeypatch):
    """Fewer descriptors than connections wished for: said with the ulimit that would do."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    monkeypatch.setattr(resource, "getrlimit", lambda _: (256, 256))
    monkeypatch.setattr(resource, "setrlimit", lambda *_: None)
    (found,) = few_descriptors(512)
    assert found.startswith("E3501: ")
    assert "ulimit -n 640" in found
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100_000, max(hard, 100_000)))
    assert list(few_descriptors(512)) == []
