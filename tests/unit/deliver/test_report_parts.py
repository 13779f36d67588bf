"""What reports are made of: the spool, drawings, the topology picture, the manifest."""

import json
import random
import xml.etree.ElementTree as ET

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from secops.cli.main import main
from secops.core.clock import Instant
from secops.core.errors import InvalidFile, Refused, UsageError
from secops.deliver.reports import manifest, spool, xlsx_bulk
from secops.deliver.reports.chart import bars
from secops.deliver.reports.drawing import Label, svg, width_of
from secops.deliver.reports.fonts import chinese
from secops.deliver.reports.model import BARS, Column, Look, Report, Sheet, chart, counted, text
from secops.deliver.reports.spool import Spool
from secops.deliver.reports.topology import MOST, Node, drawn
from secops.scope import keys

SVG = "{http://www.w3.org/2000/svg}"


def test_a_spool_tells_rows_again_whoever_writes_between(tmp_path):
    """Two lists kept at once from one nameless file are each told whole, as often as asked."""
    with Spool(tmp_path) as kept:
        first = kept.kept((n, "甲\udc80", None, True, 1.5) for n in range(1_234))
        second = kept.kept(kept.ordered(((n,) for n in range(999, -1, -1)), lambda row: row[0]))
        for _ in range(2):
            assert list(first())[1_233] == (1_233, "甲\udc80", None, True, 1.5)
            assert [row[0] for row in second()] == list(range(1_000))
        assert list(tmp_path.iterdir()) == []


def test_a_spool_sorts_more_than_memory_holds(tmp_path, monkeypatch):
    """Rows sorted in many parts come out as one sort would give them, equal ones in the order they came."""
    monkeypatch.setattr(spool, "RUN", 50)
    rows = [(random.Random(n).randrange(40), n) for n in range(1_000)]
    with Spool(tmp_path) as kept:
        assert list(kept.ordered(iter(rows), lambda row: row[0])) == sorted(rows, key=lambda row: row[0])


def test_a_chart_tells_the_rare_as_one_and_the_unnamed_last():
    """Beyond the longest chart what is rarer is summed, and nothing is lost."""
    counts = {f"单位{n}": 100 - n for n in range(30)} | {"": 7}
    made = chart("按单位", counts)
    assert len(made.parts) == BARS + 2
    assert made.parts[-1][1] == 7
    assert sum(number for _, number in made.parts) == sum(counts.values())
    assert ET.fromstring(svg(bars(made))).tag == f"{SVG}svg"


def test_rows_are_charted_as_they_are_counted():
    """A column marked so gives a chart of its values in the reader's words."""
    columns = (Column("n", "数", Look.NUMBER), Column("f", "登记", Look.FLAG, chart="是否登记"))
    made = counted(
        Report("t", [], [Sheet("甲", columns, lambda: iter([(1, True), (2, False), (3, True)]))], Instant(0))
    )
    assert made.charts[0].parts == (("是", 2), ("否", 1))


def test_a_time_at_midnight_is_a_day():
    """What was declared as a day is shown without an hour."""
    column = Column("t", "时", Look.TIME)
    assert text(column, 1_750_003_200_000) == "2025-06-16"
    assert text(column, 1_750_003_260_000) == "2025-06-16 00:01"


def test_labels_are_cut_to_their_room():
    """A label never runs out of its box, whatever the script."""
    for words in ("x" * 300, "政务" * 100, "短"):
        label = Label(0, 0, words, size=12, room=100)
        assert width_of(label.shown, 12) <= 100


def test_the_topology_says_what_it_does_not_draw():
    """A long column goes on beside itself up to its bound; the rest is a number; the picture is the same."""
    nodes = [Node(f"n{n}", f"10.0.0.{n}", "", "ip", 1, f"网段{n // 40}") for n in range(MOST + 30)]
    nodes.append(Node("s", "系统<b>", "", "system", 0))
    links = [("s", f"n{n}") for n in range(MOST + 30)]
    first = svg(drawn("图", ["系统", "地址"], nodes, links))
    assert first == svg(drawn("图", ["系统", "地址"], nodes[::-1], links[::-1]))
    root = ET.fromstring(first)
    words = "".join(each.text or "" for each in root.iter(f"{SVG}text"))
    assert "还有 30 个未画" in words
    assert "系统<b>" in words
    assert sum(each.get("x1") == "216" for each in root.findall(f"{SVG}line")) == MOST
    wide, high = (float(root.get(name)) for name in ("width", "height"))
    for box in root.iter(f"{SVG}rect"):
        assert float(box.get("x")) + float(box.get("width")) <= wide
        assert float(box.get("y")) + float(box.get("height")) <= high


@pytest.mark.skipif(not chinese(), reason="no Chinese font")
def test_a_drawing_is_the_same_png_twice():
    """The picture for Word is a PNG of twice the size, equal each time."""
    from secops.deliver.reports.drawing_png import png

    drawing = drawn("图", ["系统"], [Node("s", "一体化平台", "三级", "system", 0)], [])
    assert png(drawing) == png(drawing)
    assert png(drawing).startswith(b"\x89PNG")


@pytest.fixture
def made(tmp_path):
    """A report with a manifest, a key, and a trust folder that knows the key."""
    path = tmp_path / "r.csv"
    path.write_text("a\n1\n")
    manifest.write(path, {"sha256": manifest.digest(path), "title": "台账", "rows": 1})
    keys.generate("甲", b"long enough", tmp_path / "keys", tmp_path / "trust")
    return path, keys.private_key(tmp_path / "keys" / "甲.key", b"long enough"), tmp_path / "trust"


def test_a_signed_report_verifies(made):
    """Digest and signature hold, also after the manifest was written with other spaces."""
    path, key, trust = made
    assert manifest.verify(path, keys.trusted(trust)).signer == ""
    manifest.sign(path, key, "甲", "2026-11-28T00:00:00+08:00")
    place = manifest.beside(path)
    place.write_text(json.dumps(json.loads(place.read_text("utf-8"))))
    found = manifest.verify(path, keys.trusted(trust))
    assert (found.signer, found.manifest["title"]) == ("甲", "台账")


def test_taking_a_signature_away_hides_nothing_from_whoever_holds_the_key(made):
    """An altered manifest without its signature is refused where the signer's key is given."""
    path, key, trust = made
    manifest.sign(path, key, "甲", "2026-11-28T00:00:00+08:00")
    manifest.write(path, {"sha256": manifest.digest(path), "title": "改过", "rows": 9})
    believed = (keys.public_key(trust / "甲.pub"),)
    with pytest.raises(Refused) as caught:
        manifest.verify(path, believed, signed=True)
    assert caught.value.code == "E6307"
    assert main(["report", "verify", str(path), "--key", str(trust / "甲.pub")]) == 3
    manifest.sign(path, key, "甲", "2026-11-28T00:00:00+08:00")
    assert main(["report", "verify", str(path), "--key", str(trust / "甲.pub")]) == 0


def test_a_signature_that_nobody_could_check_is_told_by_the_exit_code(made, monkeypatch, tmp_path):
    """Outside of a workspace, without a key, a signed report ends as incomplete."""
    path, key, _ = made
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECOPS_WORKSPACE", raising=False)
    assert main(["report", "verify", str(path)]) == 0
    manifest.sign(path, key, "甲", "2026-11-28T00:00:00+08:00")
    assert main(["report", "verify", str(path)]) == 5


def test_a_report_is_checked_by_whoever_was_handed_it(made):
    """Without a key the digest alone; with the signer's file all of it; by the manifest's or signature's path alike."""
    path, key, trust = made
    manifest.sign(path, key, "甲", "2026-11-28T00:00:00+08:00")
    place = manifest.beside(path)
    for meant in (path, place, place.with_name(place.name + ".sig")):
        unknown = manifest.verify(meant, None)
        assert (unknown.signer, unknown.signed) == ("", True)
        assert manifest.verify(meant, (keys.public_key(trust / "甲.pub"),)).signer == "甲"
    path.write_text("a\n2\n")
    with pytest.raises(Refused):
        manifest.verify(place, None)
    path.unlink()
    with pytest.raises(InvalidFile) as caught:
        manifest.verify(place, None)
    assert "Errno" not in caught.value.why
    with pytest.raises(UsageError):
        keys.public_key(place)


def test_what_was_changed_does_not_verify(made):
    """A changed file, manifest or signature, and an unknown key, are each refused."""
    path, key, trust = made
    manifest.sign(path, key, "甲", "2026-11-28T00:00:00+08:00")
    place = manifest.beside(path)
    kept = place.read_bytes()
    place.write_bytes(kept.replace(b'"rows": 1', b'"rows": 2'))
    with pytest.raises(Refused) as caught:
        manifest.verify(path, keys.trusted(trust))
    assert caught.value.code == "E6307"
    place.write_bytes(kept)
    manifest.sign(path, Ed25519PrivateKey.generate(), "乙", "2026-11-28T00:00:00+08:00")
    with pytest.raises(Refused):
        manifest.verify(path, keys.trusted(trust))
    path.write_text("a\n2\n")
    with pytest.raises(Refused) as caught:
        manifest.verify(path, keys.trusted(trust))
    assert caught.value.code == "E6306"
    place.write_text("[]")
    with pytest.raises(InvalidFile):
        manifest.verify(path, keys.trusted(trust))


_ODD = (
    None,
    "",
    "文",
    "=1",
    "a\x01b",
    "\u202e倒",
    "长" * 32_001,
    "多\n行",
    True,
    False,
    0,
    -5,
    2**53,
    2**53 + 1,
    1.5,
    10**12,
)


@pytest.mark.parametrize("look", list(Look))
def test_a_column_at_once_is_its_cells_one_by_one(look):
    """Whatever kinds of cells stand together, the fast writer gets what each of them alone would be."""
    column = Column("c", "列", look)
    tell = xlsx_bulk._teller(column)
    alike = [[each for each in _ODD if type(each) in {kind, type(None)}] for kind in (str, int, bool, float)]
    days = ["2026-01-31", None, "1850-01-01", "不是"]
    for cells in (
        *alike,
        list(_ODD),
        days,
        [None, None],
        ["a", None],
        [1_780_000_000_000, None],
        [300_000_000_000_000],
    ):
        one, many = [tell(each) for each in cells], list(xlsx_bulk._column(column, tell, cells))
        assert [(type(each), each) for each in many] == [(type(each), each) for each in one]
