"""Names and addresses that may stand in a scope."""

import pytest

from secops.scope.targets import LOOPBACK, NEVER, host_name


@pytest.mark.parametrize(
    ("word", "name"),
    [
        ("www.gov.cn", "www.gov.cn"), ("WWW.GOV.CN.", "www.gov.cn"), ("_sip.a.cn", "_sip.a.cn"),
        ("粤.政务", "xn--96z.xn--zfr164b"),
        ("localhost", None), ("a..cn", None), ("*.a.cn", None), ("-a.cn", None), ("a.1", None), ("a b.cn", None),
        ("a." + "b" * 64, None), ("x." * 130 + "cn", None), ("a.cn\n", None), ("", None),
    ],
)  # fmt: skip
def test_host_name(word: str, name: str | None) -> None:
    """Full names become lower-case ASCII; bare words, wildcards, numbers and overlong ones are none."""
    assert host_name(word) == name


def test_special() -> None:
    """Every special range is well-formed and has its word in two languages."""
    assert all(each.spans and each.zh and each.en for each in NEVER)
    assert len(LOOPBACK) == 2
