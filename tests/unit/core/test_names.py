import pytest

from secops.core.names import family, icp_subject, organisation_of, words


@pytest.mark.parametrize(
    ("one", "two", "same"),
    [
        ("麒麟 V10 SP3", "Linux 4.19", True),
        ("Windows Server 2016", "Microsoft Windows 10.0", True),
        ("统信 UOS", "Microsoft Windows 7", False),
    ],
)
def test_systems_are_told_apart_by_family(one: str, two: str, *, same: bool) -> None:
    """Distributions of Linux are one family, Windows is another."""
    assert (family(one) == family(two)) is same


def test_an_unknown_system_has_no_family() -> None:
    """What nobody knows is not compared."""
    assert family("某某专用系统") == ""


def test_products_share_words() -> None:
    """A version or a general word makes no product."""
    assert words("nginx 1.18") & words("NGINX")
    assert not words("Apache httpd") & words("nginx httpd")


def test_a_subject_names_its_organisation() -> None:
    """The O= of a distinguished name, escapes undone."""
    assert organisation_of(r"CN=a.gov.cn,O=某市\, 财政局,C=CN") == "某市, 财政局"
    assert organisation_of("O=财政局") == "财政局"
    assert organisation_of("CN=O=x") == ""
    assert organisation_of(None) == ""


def test_filing_numbers_of_one_unit_are_one() -> None:
    """The number behind the dash is the website's, before it the unit's."""
    assert icp_subject("粤ICP备05000001号-3") == icp_subject(" 粤ICP备 05000001号 ") == "粤ICP备05000001号"
    assert icp_subject("x") == "x"
