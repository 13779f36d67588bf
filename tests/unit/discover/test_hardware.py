from secops.discover import hardware


def test_maker_by_the_longest_prefix(tmp_path, monkeypatch):
    """The table's longest fitting prefix wins; local addresses and unknown ones have no maker."""
    table = tmp_path / "prefixes"
    table.write_text("# comment\n00E0FC Huawei Technologies\n0055DA1 Shinko\n70B3D5F2F Tele\x1bdata\nbroken\n")
    monkeypatch.setattr(hardware, "PLACES", (tmp_path / "none", table))
    assert hardware.vendor("00:e0:fc:01:02:03") == "Huawei Technologies"
    assert hardware.vendor("00:55:da:1f:00:00") == "Shinko"
    assert hardware.vendor("70:b3:d5:f2:f1:23") == "Teledata"
    assert hardware.vendor("02:e0:fc:01:02:03") == ""
    assert hardware.vendor("00:00:00:00:00:01") == ""
    assert hardware.vendor("nonsense") == ""


def test_without_a_table_nobody_made_it(tmp_path, monkeypatch):
    """No nmap installed: no maker."""
    monkeypatch.setattr(hardware, "PLACES", (tmp_path / "none",))
    assert hardware.vendor("00:e0:fc:01:02:03") == ""
