import pytest

from secops.discover.probes.book import Match
from secops.discover.probes.template import fill


def filled(groups, **templates):
    pairs = tuple((name.rstrip("_"), text) for name, text in templates.items())
    return fill(Match("x", b"", False, False, False, 1, pairs), groups)


def test_groups_and_helpers():
    """Groups and the helper functions fill all kinds of templates."""
    told = filled(
        (b"1.2", b"W\0O\0R\0K\0", b"a_b_c", b"\x01\x02"),
        p=b"Thing $1", v=b'$SUBST(3,"_",".")', i=b"$P(2)", h=b'$I(4,">")', o=b'$I(4,"<")', d=b"router, ",
    )  # fmt: skip
    assert (told.product, told.version, told.info) == ("Thing 1.2", "a.b.c", "WORK")
    assert (told.hostname, told.os, told.device_type) == ("258", "513", "router")


def test_cpe_is_escaped():
    """What goes into a CPE is lower-case and escaped; one per part, applications first."""
    told = fill(
        Match("x", b"", False, False, False, 1,
              (("cpe", b"o:linux:linux_kernel"), ("cpe", b"a:V:$1:$2"), ("cpe", b"z:no"))),
        (b"My App", b"1:2+deb"),
    )  # fmt: skip
    assert told.cpe == (
        "cpe:/a:V:my_app:1%3a2%2bdeb".replace("%3a", "%3A").replace("%2b", "%2B"),
        "cpe:/o:linux:linux_kernel",
    )


@pytest.mark.parametrize(
    "template", [b"$3", b"$9", b"$", b"$x", b"$P(9)", b'$SUBST(1,"a")', b'$I(1,"?")', b"$NOPE(1)", b'$I(2,">")']
)
def test_what_cannot_be_filled_is_left_out(template):
    """A template that names a group that took no part, or a command nobody knows, is left out; the others stay."""
    told = filled((b"a", b"123456789", None), p=b"kept", v=template)
    assert (told.product, told.version) == ("kept", "")


def test_bounds_and_control_signs():
    """A result too long for nmap's buffer is left out; control bytes become dots; a NUL ends a group."""
    assert filled((b"a" * 90,), p=b"$1").product == ""
    assert filled((b"a" * 40,), o=b"$1").os == ""
    assert filled((b"a\x1bb\0c",), p=b"$1!").product == "a.b!"
    assert filled((None, b"b"), p=b"[$1]$2").product == "[]b"
