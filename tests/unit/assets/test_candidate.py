"""Candidate systems from pairs: what counts, what does not, and how far it joins."""

from pathlib import Path

import pytest

from secops.assets.candidate import Candidate, Member, candidates
from secops.assets.candidate_table import read
from secops.core.errors import InvalidFile
from secops.core.model import Kind

FILE = Path(__file__).resolve().parents[3] / "rules" / "tables" / "system-candidates.yaml"
TABLE = read(FILE)


def site(host: str, **more: object) -> Member:
    return Member(f"website-{host}", Kind.WEBSITE, f"https://{host}:443", **more)  # type: ignore[arg-type]  # by name


def found(members: list[Member], shared: dict[tuple[int, int], dict[str, str]], **more: object) -> list[Candidate]:
    pairs = {(members[a].id, members[b].id): marks for (a, b), marks in shared.items()}
    return candidates(pairs, {each.id: each for each in members}, TABLE, site="gd", **more)  # type: ignore[arg-type]  # by name


def test_a_sites_own_certificate_is_enough_and_its_sum_is_told() -> None:
    """Few names, no wildcard: one system; what else they share adds to it."""
    members = [site("a.ys.gd.gov.cn", subject="CN=a", names=("a", "b")), site("b.ys.gd.gov.cn")]
    (one,) = found(members, {(0, 1): {"certificate": "ab12"}})
    assert one.bonds[0].sum == "certificate 70 + suffix 25 = 95"
    assert one.score == 95


@pytest.mark.parametrize(
    ("subject", "names"),
    [
        ("CN=*.gd.gov.cn", ("*.gd.gov.cn",)),
        ("CN=localhost", ("localhost",)),
        ("O=Plesk,CN=Plesk", ("Plesk",)),
        ("CN=*.ys.gd.gov.cn", ("*.ys.gd.gov.cn",)),
    ],
)
def test_certificates_of_everybody_glue_nothing(subject: str, names: tuple[str, ...]) -> None:
    """A whole government's wildcard and default ones are nothing, one unit's wildcard alone is too little."""
    members = [site("a.gd.gov.cn", subject=subject, names=names), site("b.gd.gov.cn")]
    assert found(members, {(0, 1): {"certificate": "ab12"}}) == []


@pytest.mark.parametrize(
    "title", ["Welcome to nginx!", "IIS Windows Server", "登录", "用户登录", "404 Not Found", "短"]
)
def test_stock_titles_say_nothing(title: str) -> None:
    """A product's page or a short word is no evidence even at one address."""
    members = [site("a.example", address="198.18.0.1"), site("b.example", address="198.18.0.1")]
    assert found(members, {(0, 1): {"title": title}}) == []
    assert len(found(members, {(0, 1): {"title": "某市预算管理系统"}})) == 1


def test_a_crowded_address_and_other_units_speak_against() -> None:
    """Where many sites share the address it means nothing; units that are not related take away."""
    members = [site("a.example", address="198.18.0.1", org="A"), site("b.example", address="198.18.0.1", org="B")]
    shared = {(0, 1): {"title": "某市预算管理系统"}}
    assert found(members, shared, crowded=frozenset({"198.18.0.1"})) == []
    assert found(members, shared) == []
    assert len(found(members, shared, related=lambda one, two: True)) == 1


def test_filings_count_by_what_they_name() -> None:
    """The number with a dash names one site, without it only the unit; zeros are a template's."""
    members = [site("a.example", icp=("粤ICP备05000001号-3",)), site("b.example", icp=("粤ICP备05000001号-3",))]
    assert found(members, {(0, 1): {"icp": "粤ICP备05000001号-3"}})[0].score == 75
    assert found(members, {(0, 1): {"icp": "粤ICP备05000001号"}}) == []
    assert found([site("a.example"), site("b.example")], {(0, 1): {"icp": "粤ICP备00000000号-1"}}) == []


def test_two_declared_systems_never_meet_and_a_joining_one_is_named() -> None:
    """The strongest bond decides which system a site joins; a site whose all are declared is no candidate."""
    members = [site("a.example", system="s1"), site("b.example"), site("c.example", system="s2")]
    shared = {(0, 1): {"site_code": "4400000012"}, (1, 2): {"icp": "粤ICP备05000001号-3"}}
    (one,) = found(members, shared)
    assert one.system == "s1"
    assert [each.key for each in one.open] == ["https://b.example:443"]
    both = [site("a.example", system="s1"), site("c.example", system="s1")]
    assert found(both, {(0, 1): {"site_code": "4400000012"}}) == []


def test_one_portal_does_not_glue_the_province(tmp_path: Path) -> None:
    """A component ends at the table's size, whatever bonds there are; what is left over joins nothing."""
    text = FILE.read_text(encoding="utf-8").replace("together: 100", "together: 5")
    (tmp_path / "t.yaml").write_text(text, encoding="utf-8")
    members = [site(f"m{n:02}.example") for n in range(12)]
    pairs = {(members[0].id, each.id): {"redirect": "x"} for each in members[1:]}
    (one,) = candidates(pairs, {each.id: each for each in members}, read(tmp_path / "t.yaml"))
    assert len(one.members) == 5


def test_the_order_of_pairs_does_not_matter() -> None:
    """The same pairs the other way round give the same candidates under the same ids."""
    members = [site(f"{name}.example") for name in "abcd"]
    shared = {(0, 1): {"redirect": "x"}, (1, 2): {"redirect": "y"}, (2, 3): {"site_code": "4400000012"}}
    assert found(members, shared) == found(members, dict(reversed(shared.items())))


def test_a_table_with_a_wrong_key_is_refused_with_its_place(tmp_path: Path) -> None:
    """The file's own place and the nearest key are told."""
    path = tmp_path / "t.yaml"
    path.write_text(FILE.read_text(encoding="utf-8").replace("threshold:", "treshold:"), encoding="utf-8")
    with pytest.raises(InvalidFile) as caught:
        read(path)
    assert "t.yaml:5:1" in caught.value.where
