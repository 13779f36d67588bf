"""A register asked between its declarations answers as one that is asked only at the end."""

from hypothesis import given, settings
from hypothesis import strategies as st

from secops.assets.register import Declared, Register
from secops.core.address import number

_ORGS, _SYSTEMS = ("o1", "o2", "o3"), ("s1", "s2", "s3")
_PLACES = tuple(f"10.0.0.{n}" for n in range(6))
_NETWORKS = ("10.0.0.0/30", "10.0.0.0/29", "10.0.0.2/31", "10.0.0.3/32")
_SITES = ("https://w1.x:443", "http://w2.x:80")
_KEYS = {
    "organisation": _ORGS, "system": _SYSTEMS, "ip": _PLACES, "network": _NETWORKS, "host": ("h1", "h2"),
    "website": _SITES,
}  # fmt: skip
_NUMBERS = ("粤ICP备1号", "粤ICP备2号", "粤ICP备2号-1")


@st.composite
def _declared(draw: st.DrawFn) -> tuple[str, dict[str, object]]:
    kind = draw(st.sampled_from(sorted(_KEYS)))
    subject = f"{kind}:{draw(st.sampled_from(_KEYS[kind]))}"
    if draw(st.integers(0, 4)) == 0:
        return subject, {"kind": kind, "withdrawn": True}
    payload: dict[str, object] = {"kind": kind}
    if kind == "organisation":
        return subject, payload | {
            "name": draw(st.sampled_from(("甲", "乙"))),
            "icp": draw(st.lists(st.sampled_from(_NUMBERS), max_size=2)),
        }
    payload |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "org": st.sampled_from(_ORGS),
                "system": st.sampled_from(_SYSTEMS),
                "zone": st.sampled_from(("z1", "z2")),
            },
        )
    )
    if kind in {"system", "host"}:
        places = st.sampled_from([*_PLACES, *(f"{each}:80" for each in _PLACES)])
        payload["addresses"] = draw(st.lists(places, max_size=2))
        payload["networks"] = draw(st.lists(st.sampled_from(_NETWORKS), max_size=1))
        payload["websites"] = draw(st.lists(st.sampled_from(("https://w1.x", "w1.x", "w2.x")), max_size=1))
    elif kind == "website":
        payload["facts"] = {"http.icp": draw(st.lists(st.sampled_from(_NUMBERS), max_size=1))}
    return subject, payload


def _answers(register: Register) -> list[object]:
    places = [number(each) for each in (*_PLACES, "10.0.0.7", "10.0.1.0")]
    told: list[object] = [register.at(place, port) for place in places for port in (0, 80, 443)]
    told += [register.zone_around(place) for place in places]
    told += [register.elsewhere(register.system_id(each), place) for each in _SYSTEMS for place in places]
    told += [register.website(each, places[0], 80) for each in _SITES]
    told += [register.org_called(each) for each in ("甲", "乙")]
    return told + [register.org_filed(each) for each in ("粤ICP备1号", "粤ICP备2号")]


@settings(max_examples=150, deadline=None)
@given(st.lists(_declared(), max_size=20), st.sets(st.integers(0, 19)))
def test_what_is_kept_current_is_what_would_be_made_anew(
    told: list[tuple[str, dict[str, object]]], asked: set[int]
) -> None:
    """Whatever comes, changes, is withdrawn or dissolved, and whenever it was asked before."""
    kept, anew = Register("gd"), Register("gd")
    for seq, (subject, payload) in enumerate(told):
        kept.apply(Declared(subject, payload, seq))
        anew.apply(Declared(subject, payload, seq))
        if seq in asked:
            _answers(kept)
    assert _answers(kept) == _answers(anew)
