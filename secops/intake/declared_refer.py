"""References between declared things: by key, by name or by credit code, each to the one thing it names.

A row that names what nobody declared, or that repeats another's key, is left out with the reason; so is every unit in
a circle of parents.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice
from typing import Final

from secops.core.language import say
from secops.core.model import Kind, Skipped
from secops.intake.declared_alike import Alike, why_not
from secops.intake.declared_sections import Section, Stated, by_kind, rekeyed, value_of
from secops.scope.yaml_source import visible

ORGANISATION = "organisation"
_NAMED: Final = frozenset({"organisation", "system", "supplier"})
_ALIKE: Final = 0.8
_COMPARED: Final = 5_000
_GUESSES: Final = 200
"""Unknown words for which something alike is looked for: each costs a comparison with thousands of names."""


class Directory:
    """Everything that can be named: kind -> word -> the keys it may mean."""

    def __init__(self) -> None:
        self._keys: dict[str, set[str]] = {}
        self._words: dict[str, dict[str, set[str]]] = {}
        self._names: dict[tuple[str, str], str] = {}
        self._guesses: dict[tuple[str, str], str] = {}

    def add(self, kind: str, key: str, payload: Mapping[str, object]) -> None:
        """One declared thing."""
        self._keys.setdefault(kind, set()).add(key)
        if kind in _NAMED and isinstance(name := value_of(by_kind()[kind], payload, "name"), str):
            self._names[kind, key] = name
        words = self._words.setdefault(kind, {})
        for each in _called(payload):
            words.setdefault(each, set()).add(key)

    def name(self, kind: str, key: str) -> str:
        """What this thing is called, where it is a unit, system or supplier with a name; else its key."""
        return self._names.get((kind, key), key)

    def longer(self, kind: str, word: str) -> list[str]:
        """Names of units that end in this word: what it may be short for."""
        if kind != ORGANISATION or len(word) < 2:
            return []
        names = islice(self._words.get(kind, ()), _COMPARED)
        return [each for each in names if each.endswith(word) and each != word]

    def others(self, kind: str, key: str, name: str) -> list[str]:
        """Keys of other things called so, or whose key is this name."""
        found = set(self._words.get(kind, {}).get(name, ())) | ({name} & self._keys.get(kind, set()))
        return sorted(found - {key})

    def keys(self, kind: str, word: str) -> frozenset[str]:
        """Every key this word may mean."""
        if word in self._keys.get(kind, ()):
            return frozenset({word})
        return frozenset(self._words.get(kind, {}).get(word, ()))

    def key(self, kind: str, word: str) -> str:
        """The key this word means: the key itself, else the one thing called so. Raises ValueError with the reason."""
        if word in self._keys.get(kind, ()):
            return word
        found = self._words.get(kind, {}).get(word, set())
        if len(found) == 1:
            return next(iter(found))
        title = by_kind()[kind].title if kind in by_kind() else kind
        if found:
            several = "、".join(sorted(found)[:5])
            raise ValueError(
                say(f"{visible(word)} 有多个{title}：{several}", f"{visible(word)} means several: {several}")
            )
        guess = self._near(kind, word)
        hint = say(f"；是不是 {guess}？", f"; did you mean {guess}?") if guess else ""
        raise ValueError(say(f"没有登记的{title} {visible(word)}{hint}", f"no declared {kind} {visible(word)}{hint}"))

    def _near(self, kind: str, word: str) -> str:
        """What was very likely meant: a name that is nearly the same, a key but one character off; else nothing."""
        if (kind, word) not in self._guesses:
            if len(self._guesses) >= _GUESSES:
                return ""
            keys = sorted(islice(self._keys.get(kind, ()), _COMPARED))
            names = islice(self._words.get(kind, ()), _COMPARED)
            near = [each for each in keys if one_edit(word, each)]
            longer = self.longer(kind, word)
            near = near if len(near) == 1 else longer or get_close_matches(word[:80], names, 1, _ALIKE)
            self._guesses[kind, word] = say(" 还是 ", " or ").join(near[:3])
        return self._guesses[kind, word]


def one_edit(one: str, other: str) -> bool:
    """Whether one character more, less, other, or two turned round make one word of the other."""
    if one == other or abs(len(one) - len(other)) > 1:
        return False
    start = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    a, b = one[start:], other[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:] and len(a) > 1)


def _called(payload: Mapping[str, object]) -> Iterator[str]:
    for group in (payload, payload.get("facts"), payload.get("fields")):
        if isinstance(group, Mapping):
            for name in ("name", "credit_code", "number"):
                if isinstance(found := group.get(name), str):
                    yield found
    if isinstance(short := payload.get("short"), list):
        yield from map(str, short)


Payloads = Mapping[str, Mapping[str, object]]
"""What is declared, by subject."""


def refer(
    stated: Iterable[Stated | Skipped], before: Payloads | None = None, *, held: Payloads | None = None
) -> Iterator[Stated | Skipped]:
    """The same rows with every reference turned into a key.

    `before`: what is declared elsewhere; `held`: all that is in force, these rows' own last words too.
    """
    everything = list(stated)
    directory = Directory()
    for subject, payload in (before or {}).items():
        kind, _, key = subject.partition(":")
        directory.add(kind, key, payload)
    for each in everything:
        if isinstance(each, Stated):
            directory.add(each.kind, each.key, each.payload)
    led = [_led(each, directory) for each in everything]
    single = list(_single(led, _circles(led, before or {})))
    apart = list(_apart(single, before or {}, held or {}, directory))
    yield from _hanging(apart, everything, before or {})


def _apart(
    rows: Sequence[Stated | Skipped], before: Payloads, held: Payloads, directory: Directory
) -> Iterator[Stated | Skipped]:
    """The rows, without systems that have another's name and unit and were not declared so already."""
    where = {each.key: each.where for each in rows if isinstance(each, Stated) and each.kind == Kind.SYSTEM}
    alike = alike_of(before)
    for each in rows:
        if isinstance(each, Stated) and each.kind == Kind.SYSTEM:
            alike.systems.pop(each.key, None)  # a row says all there is
            alike.note(each.key, each.payload)
    twins = alike.twins(alike_of(held).systems, where) if where else {}
    for each in rows:
        if isinstance(each, Stated) and each.kind == Kind.SYSTEM and (others := twins.get(each.key)):
            called = alike.systems[each.key]
            unit = directory.name(ORGANISATION, called.org)
            yield Skipped(each.where, why_not(called.name, unit, others, where))
        else:
            yield each


def alike_of(declared: Payloads) -> Alike:
    """The systems among what is declared."""
    found = Alike()
    for subject, payload in declared.items():
        kind, _, key = subject.partition(":")
        if kind == Kind.SYSTEM:
            found.note(key, payload)
    return found


def _single(led: Iterable[Stated | Skipped], circles: Mapping[str, list[str]]) -> Iterator[Stated | Skipped]:
    """Each thing once, no unit above itself."""
    first: dict[str, Stated] = {}
    for each in led:
        if isinstance(each, Skipped):
            yield each
        elif (there := first.setdefault(each.subject, each)) is not each:
            words = (f"{each.key} 已在 {there.where} 登记", f"{each.key} is declared at {there.where}")
            yield Skipped(each.where, say(*words))
        elif each.kind == ORGANISATION and each.key in circles:
            yield Skipped(each.where, going_round(circles[each.key]))
        else:
            yield each


def _hanging(
    found: list[Stated | Skipped], everything: Iterable[Stated | Skipped], before: Mapping[str, object]
) -> list[Stated | Skipped]:
    """The rows, without those that name a row which is left out."""
    there = {each.subject for each in found if isinstance(each, Stated)}
    lost = {
        each.subject: each.where
        for each in everything
        if isinstance(each, Stated) and each.subject not in there and each.subject not in before
    }
    naming: dict[str, list[int]] = {}
    for at, each in enumerate(found) if lost else ():
        if isinstance(each, Stated):
            for _, target in references(by_kind()[each.kind], each.payload):
                naming.setdefault(target, []).append(at)
    level = list(lost)
    while level:
        touched = {at for subject in level for at in naming.get(subject, ())}
        level = []
        for at in sorted(touched):
            each = found[at]
            if isinstance(each, Stated) and (reason := hanging(each, lost)):
                found[at] = Skipped(each.where, reason[1])
                if each.subject not in before:
                    lost[each.subject] = each.where
                    level.append(each.subject)
    return found


def references(section: Section, payload: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """What a payload names: the column, and the subject it leads to."""
    for name, slot in section.slots.items():
        if slot.refers and (value := value_of(section, payload, name)):
            for key in value if isinstance(value, (list, tuple)) else [value]:
                yield name, f"{slot.refers}:{key}"


def hanging(each: Stated, lost: Mapping[str, str]) -> tuple[str, str] | None:
    """The column in which a thing names one that is left out, and that as a reason. `lost`: subject -> its place."""
    section = by_kind()[each.kind]
    for name, subject in references(section, each.payload):
        if subject in lost:
            title, key = section.slots[name].title, visible(subject.partition(":")[2])
            return name, say(
                f"{title} {key} 那一行没有采纳（{lost[subject]}）",
                f"{title} {key}: its row is left out ({lost[subject]})",
            )
    return None


def _led(each: Stated | Skipped, directory: Directory) -> Stated | Skipped:
    if isinstance(each, Skipped):
        return each
    try:
        return resolved(each, directory)
    except ValueError as error:
        return Skipped(each.where, str(error))


def resolved(each: Stated, directory: Directory) -> Stated:
    """The thing with its references as keys. Raises ValueError for one that leads nowhere."""
    payload = dict(each.payload)
    for path, kind in each.refers:
        group, _, name = path.partition(".")
        holder = dict(payload[group]) if name else payload  # type: ignore[call-overload]  # a mapping of our own
        value = holder[name or group]
        if isinstance(value, list):
            holder[name or group] = [directory.key(kind, str(one)) for one in value]
        else:
            holder[name or group] = directory.key(kind, str(value))
        if name:
            payload[group] = holder
    relations = payload.get("relations")
    if isinstance(relations, list):
        payload["relations"] = sorted(
            [type, kind, directory.key(kind, key), *backward] for type, kind, key, *backward in relations
        )
    return rekeyed(replace(each, payload=payload))


def circle(above: Mapping[str, str], start: str) -> list[str]:
    """The way from a unit up to itself again, closed; empty where it ends at a top. `above`: superiors by unit."""
    path: list[str] = []
    at = start
    while at and at not in path:
        path.append(at)
        at = above.get(at, "")
    return [*path[path.index(at) :], at] if at else []


def superiors(declared: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The superior of each declared unit, by subject as declared."""
    return {
        subject.partition(":")[2]: str(payload.get("parent") or "")
        for subject, payload in declared.items()
        if subject.startswith(f"{ORGANISATION}:")
    }


def going_round(path: Iterable[str]) -> str:
    """A circle in words."""
    way = " → ".join(map(visible, path))
    return say(f"上级单位成环：{way}", f"units in a circle: {way}")


def _circles(rows: Iterable[Stated | Skipped], before: Mapping[str, Mapping[str, object]]) -> dict[str, list[str]]:
    """Units that stand above themselves, each with the way round."""
    stated = {each.subject: each.payload for each in rows if isinstance(each, Stated)}
    above = superiors({**before, **stated})
    found: dict[str, list[str]] = {}
    done: set[str] = set()
    for start in above:
        path: list[str] = []
        at = start
        while at and at not in done:
            done.add(at)
            path.append(at)
            at = above.get(at, "")
        if at in path:
            ring = path[path.index(at) :]
            for place, unit in enumerate(ring):
                found[unit] = [*ring[place:], *ring[:place], unit]
    return found
