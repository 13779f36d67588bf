import pytest

from secops.discover import ports


def test_domestic_databases_and_middleware_are_asked():
    """DM, Kingbase, GBase, OceanBase, TiDB, TDengine, XuGu, HighGo and TongWeb are in the default list."""
    assert {5236, 54321, 5258, 2881, 4000, 6030, 6041, 5138, 5866, 9060, 8088} <= set(ports.defaults())


def test_ports_that_print_are_never_asked():
    """Printer ports are in no list, not even when asked for by number."""
    assert not {515, 631, *range(9100, 9117)} & set(ports.defaults())
    assert ports.parse("9100-9117,515") == (9117,)


def test_every_port_has_a_reason_and_is_listed_once():
    """Each port says why, once."""
    numbers = [each.number for each in ports.PORTS]
    assert len(numbers) == len(set(numbers))
    assert all(each.why and each.name for each in ports.PORTS)


def test_parsing():
    """Numbers, ranges, groups and the default list combine."""
    assert ports.parse("443, 80,8000-8002") == (80, 443, 8000, 8001, 8002)
    assert set(ports.parse("mail")) == {25, 110, 143, 465, 587, 993, 995}
    assert ports.parse("default") == ports.defaults()


@pytest.mark.parametrize("text", ["x", "0", "70000", "9-1", "1-", "-5", "८०"])
def test_what_is_no_port(text):
    """A wrong part is named."""
    with pytest.raises(ValueError, match=text):
        ports.parse(text)
