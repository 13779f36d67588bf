"""Conditions: the comparison part of STIX 2.1 patterning, with variables bound as values, never as text.

    __open__:value > 0 AND (__status__:value = 200 OR NOT __answer__:value IN ('no', 'later'))

Operators: = != < <= > >= IN LIKE ISSUBSET ISSUPERSET, AND, OR, NOT, parentheses. No observation operators and no
MATCHES (a pattern could take for ever). An unknown value or two values that do not compare is an error: the step fails,
it does not become false.
"""

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from secops.core.language import say
from secops.drill.cacao.playbook import Variable

MOST: Final = 2000
"""Longest condition, in characters."""
DEEPEST: Final = 20

Address = ipaddress.IPv4Network | ipaddress.IPv6Network
Bound = bool | int | float | str | Address
NUMBERS: Final = frozenset({"integer", "long", "float"})
ADDRESSES: Final = frozenset({"ipv4-addr", "ipv6-addr"})
_TOKEN: Final = re.compile(
    r"\s*(?:(?P<name>__[A-Za-z][A-Za-z0-9_-]{0,244}__)(?P<use>:value)?|(?P<float>-?\d{1,15}\.\d{1,15})|(?P<int>-?\d{1,18})"
    r"|'(?P<text>(?:[^'\\]|\\['\\])*)'|(?P<op><=|>=|!=|=|<|>)|(?P<mark>[(),])|(?P<word>[A-Za-z]+))"
)
_COMPARES: Final = frozenset({"=", "!=", "<", "<=", ">", ">=", "LIKE", "ISSUBSET", "ISSUPERSET"})


class ConditionError(Exception):
    """A condition that cannot be read, or has no truth value; `at` is the offset in its text."""

    def __init__(self, what: str, at: int = 0) -> None:
        super().__init__(what)
        self.what = what
        self.at = at


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of a variable."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the condition."""

    value: bool | int | float | str


@dataclass(frozen=True, slots=True)
class Comparison:
    """Left operator right; IN has several on the right."""

    left: Ref | Literal
    op: str
    right: tuple[Ref | Literal, ...]
    at: int


@dataclass(frozen=True, slots=True)
class Both:
    """AND or OR of two."""

    op: str
    left: "Condition"
    right: "Condition"


@dataclass(frozen=True, slots=True)
class Negation:
    """NOT."""

    item: "Condition"


Condition = Comparison | Both | Negation


def parse(text: str) -> Condition:
    """The condition as a tree. Raises ConditionError with the offset of what is wrong."""
    if len(text) > MOST:
        raise ConditionError(say(f"条件超过 {MOST} 个字符", f"the condition is longer than {MOST} characters"))
    parser = _Parser(text)
    tree = parser.either(0)
    if parser.peek() is not None:
        raise parser.wrong(say("条件到此应已结束", "the condition should end here"))
    return tree


def names(condition: Condition) -> tuple[Ref, ...]:
    """The variables it uses."""
    if isinstance(condition, Comparison):
        return tuple(each for each in (condition.left, *condition.right) if isinstance(each, Ref))
    if isinstance(condition, Negation):
        return names(condition.item)
    return names(condition.left) + names(condition.right)


def check(condition: Condition, variables: Mapping[str, Variable]) -> None:
    """Raises ConditionError where the declared types can never compare."""
    if isinstance(condition, Negation):
        check(condition.item, variables)
    elif isinstance(condition, Both):
        check(condition.left, variables)
        check(condition.right, variables)
    else:
        left = _declared(condition.left, variables)
        for each in condition.right:
            right = _declared(each, variables)
            if left and right:
                _agree(left, condition.op, right, condition.at)


def holds(condition: Condition, variables: Mapping[str, Variable]) -> bool:
    """Its truth for these values. Raises ConditionError: unknown variable or value, or values that do not compare."""
    if isinstance(condition, Negation):
        return not holds(condition.item, variables)
    if isinstance(condition, Both):
        left = holds(condition.left, variables)
        right = holds(condition.right, variables)
        return (left and right) if condition.op == "AND" else (left or right)
    left_value = _bind(condition.left, variables)
    rights = [_bind(each, variables) for each in condition.right]
    if condition.op == "IN":
        met = {_compare(left_value, "=", each, condition.at) for each in rights}
        return True in met
    return _compare(left_value, condition.op, rights[0], condition.at)


def convert(type_: str, value: str) -> Bound:
    """A variable's text as the value its type says. Raises ValueError."""
    if type_ in {"integer", "long"}:
        return int(value)
    if type_ == "float":
        return float(value)
    if type_ == "bool":
        if value not in {"true", "false"}:
            raise ValueError(value)
        return value == "true"
    if type_ in ADDRESSES:
        network = ipaddress.ip_network(value, strict=False)
        if f"ipv{network.version}-addr" != type_:
            raise ValueError(value)
        return network
    return value


def _bind(item: Ref | Literal, variables: Mapping[str, Variable]) -> Bound:
    if isinstance(item, Literal):
        return item.value
    variable = variables.get(item.name)
    if variable is None:
        raise ConditionError(say(f"没有变量 {item.name}", f"no variable {item.name}"), item.at)
    if variable.value is None:
        raise ConditionError(say(f"变量 {item.name} 的值未知", f"{item.name} has no value"), item.at)
    try:
        return convert(variable.type, variable.value)
    except ValueError as error:
        what = say(f"变量 {item.name} 的值不是 {variable.type}", f"the value of {item.name} is no {variable.type}")
        raise ConditionError(what, item.at) from error


def _compare(left: Bound, op: str, right: Bound, at: int) -> bool:
    _agree(_shape(left), op, _shape(right), at)
    if op in {"ISSUBSET", "ISSUPERSET"} or isinstance(left, Address) or isinstance(right, Address):
        one, other = _network(left, at), _network(right, at)
        if op in {"=", "!="}:
            return (one == other) is (op == "=")
        inner, outer = (one, other) if op == "ISSUBSET" else (other, one)
        return inner.version == outer.version and inner.subnet_of(outer)  # type: ignore[arg-type]  # versions are equal
    if op == "LIKE":
        return _like(str(left), str(right))
    if op == "=":
        return left == right
    if op == "!=":
        return left != right
    lower, equal = left < right, left == right  # type: ignore[operator]  # _agree: two numbers or two texts
    return {"<": lower, "<=": lower or equal, ">": not lower and not equal, ">=": not lower}[op]


def _shape(value: Bound) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return "text" if isinstance(value, str) else "address"


def _declared(item: Ref | Literal, variables: Mapping[str, Variable]) -> str:
    if isinstance(item, Literal):
        return _shape(item.value)
    variable = variables.get(item.name)
    if variable is None:
        return ""
    if variable.type in NUMBERS:
        return "number"
    if variable.type in ADDRESSES:
        return "address"
    return "bool" if variable.type == "bool" else "text"


def _agree(left: str, op: str, right: str, at: int) -> None:
    shapes = {left, right}
    if op in {"ISSUBSET", "ISSUPERSET"}:
        fits = shapes <= {"address", "text"}
    elif op == "LIKE":
        fits = shapes == {"text"}
    elif op in {"=", "!=", "IN"}:
        fits = len(shapes) == 1 or shapes == {"address", "text"}
    else:
        fits = shapes in ({"number"}, {"text"})
    if not fits:
        raise ConditionError(say(f"{left} 与 {right} 不能用 {op} 比较", f"{left} {op} {right} do not compare"), at)


def _network(value: Bound, at: int) -> Address:
    if isinstance(value, Address):
        return value
    try:
        return ipaddress.ip_network(str(value), strict=False)
    except ValueError as error:
        raise ConditionError(say(f"{value} 不是地址", f"{value} is no address"), at) from error


def _like(text: str, pattern: str) -> bool:
    """`%` any run, `_` one character; linear in time for each `%` by going back to the last one only."""
    i = j = 0
    star, mark = -1, 0
    while i < len(text):
        if j < len(pattern) and pattern[j] == "%":
            star, mark, j = j, i, j + 1
        elif j < len(pattern) and pattern[j] in {"_", text[i]}:
            i, j = i + 1, j + 1
        elif star >= 0:
            mark, i, j = mark + 1, mark + 1, star + 1
        else:
            return False
    return all(c == "%" for c in pattern[j:])


class _Parser:
    """Recursive descent over the tokens."""

    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str, int]] = []
        self._next = 0
        self._end = len(text)
        at = 0
        while text[at:].strip():
            found = _TOKEN.match(text, at)
            if found is None or found.lastgroup is None:
                raise ConditionError(say("此处的字符看不懂", "this is not understood"), at)
            kind = "name" if found["name"] else found.lastgroup
            start = found.start(kind) - (1 if kind == "text" else 0)
            if kind == "name" and not found["use"]:
                what = say(f"变量要写成 {found['name']}:value", f"write {found['name']}:value")
                raise ConditionError(what, start)
            self._tokens.append((kind, found[kind], start))
            at = found.end()

    def peek(self) -> tuple[str, str, int] | None:
        return self._tokens[self._next] if self._next < len(self._tokens) else None

    def wrong(self, what: str) -> ConditionError:
        token = self.peek()
        return ConditionError(what, token[2] if token else self._end)

    def either(self, depth: int) -> Condition:
        tree = self._every(depth)
        while self._word("OR"):
            tree = Both("OR", tree, self._every(depth))
        return tree

    def _every(self, depth: int) -> Condition:
        tree = self._one(depth)
        while self._word("AND"):
            tree = Both("AND", tree, self._one(depth))
        return tree

    def _one(self, depth: int) -> Condition:
        if depth > DEEPEST:
            raise self.wrong(say(f"嵌套超过 {DEEPEST} 层", f"nested deeper than {DEEPEST}"))
        if self._word("NOT"):
            return Negation(self._one(depth + 1))
        token = self.peek()
        if token and token[1] == "(" and token[0] == "mark":
            self._next += 1
            tree = self.either(depth + 1)
            self._mark(")")
            return tree
        return self._comparison()

    def _comparison(self) -> Condition:
        left = self._value()
        token = self.peek()
        op = token[1].upper() if token and token[0] in {"op", "word"} else ""
        negated = False
        if op == "NOT":
            negated, self._next = True, self._next + 1
            token = self.peek()
            op = token[1].upper() if token and token[0] == "word" else ""
        if op == "MATCHES":
            raise self.wrong(say("不支持 MATCHES，请用 LIKE", "MATCHES is not supported, use LIKE"))
        if token is None or (op not in _COMPARES and op != "IN"):
            raise self.wrong(say("此处应是比较运算符", "a comparison operator is wanted here"))
        self._next += 1
        at = token[2]
        right = self._set() if op == "IN" else (self._value(),)
        tree = Comparison(left, op, right, at)
        return Negation(tree) if negated else tree

    def _set(self) -> tuple[Ref | Literal, ...]:
        self._mark("(")
        items = [self._value()]
        while (token := self.peek()) and token[:2] == ("mark", ","):
            self._next += 1
            items.append(self._value())
        self._mark(")")
        return tuple(items)

    def _value(self) -> Ref | Literal:
        token = self.peek()
        if token is None:
            raise self.wrong(say("此处缺少一个值", "a value is missing here"))
        kind, text, at = token
        value: Ref | Literal
        if kind == "name":
            value = Ref(text, at)
        elif kind == "int":
            value = Literal(int(text))
        elif kind == "float":
            value = Literal(float(text))
        elif kind == "text":
            value = Literal(re.sub(r"\\(.)", r"\1", text))
        elif kind == "word" and text in {"true", "false"}:
            value = Literal(text == "true")
        else:
            raise self.wrong(
                say("此处应是一个值；文字要加单引号", "a value is wanted here; text goes in single quotes")
            )
        self._next += 1
        return value

    def _word(self, word: str) -> bool:
        token = self.peek()
        if token and token[0] == "word" and token[1].upper() == word:
            self._next += 1
            return True
        return False

    def _mark(self, mark: str) -> None:
        token = self.peek()
        if token is None or token[:2] != ("mark", mark):
            raise self.wrong(say(f"此处缺少 {mark}", f"{mark} is missing here"))
        self._next += 1
