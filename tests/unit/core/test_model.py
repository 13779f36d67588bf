from secops.core.clock import Instant
from secops.core.model import Entity, Kind, Observation, Relation, RelationType, Status, Target, Transport, entity_id


def seen(run: str = "r1", port: int = 443) -> Observation:
    return Observation("gz", "probe", run, "http@1", Target("198.18.0.1", port), Instant(1), Status.SUCCESS)


def test_the_same_look_has_one_id() -> None:
    """Looking again in the same run is the same observation; another run or port is another."""
    assert seen().id == seen().id
    assert len({seen().id, seen(run="r2").id, seen(port=80).id}) == 3


def test_sites_are_separate_universes() -> None:
    """The same address in two sites is two assets, and a key that changed hands is a third."""
    ids = {
        entity_id("gz", Kind.IP, "10.0.0.1"),
        entity_id("sz", Kind.IP, "10.0.0.1"),
        entity_id("gz", Kind.IP, "10.0.0.1", 2),
    }
    assert len(ids) == 3
    assert Entity(Kind.IP, "gz", "10.0.0.1", Instant(1), Instant(1)).id == entity_id("gz", Kind.IP, "10.0.0.1")


def test_targets_read_as_places() -> None:
    """A target reads as address, port and transport, IPv6 in brackets, with the name asked for in front."""
    assert str(Target("2001:db8::1", 53, Transport.UDP)) == "[2001:db8::1]:53/udp"
    assert str(Target("198.18.0.1", 443, name="www.gd.gov.cn")) == "www.gd.gov.cn@198.18.0.1:443/tcp"
    assert str(Target("198.18.0.1")) == "198.18.0.1"


def test_a_relation_is_one_however_often_it_is_seen() -> None:
    """The id of a relation depends on its ends and type, not on when or why it was drawn."""
    first = Relation("gz", "a", RelationType.RUNS_ON, "b", "identifier", Instant(1), Instant(1))
    again = Relation("gz", "a", RelationType.RUNS_ON, "b", "declared", Instant(2), Instant(3), 9)
    assert first.id == again.id
