"""Sigma detections as the filter AST: pySigma reads conditions, values and modifiers, we keep the places.

Every entry of a detection is handed to pySigma by itself, with its place in our file, so that its complaint and ours
point at the line. pySigma's own rule class is not used: it takes unknown keys in silence and loads data from the net.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    SigmaCondition,
)
from sigma.exceptions import SigmaError, SigmaRuleLocation
from sigma.modifiers import modifier_mapping
from sigma.rule.detection import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import (
    CompareOperators,
    NoPlainConversionMixin,
    SigmaBool,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaNull,
    SigmaNumber,
    SigmaString,
    SigmaType,
    SpecialChars,
)

from secops.core.clock import parse as parse_time
from secops.core.errors import InvalidFile
from secops.core.fields import Field, Type, by_name
from secops.core.filter_value import wild
from secops.core.language import say
from secops.core.query import And, Compare, Not, Op, Or, Query, Wild, misfit
from secops.scope.yaml_source import nearest, visible

OURS: Final = ("version_lt", "version_lte", "version_gt", "version_gte")
ALLOWED: Final = ("all", "cidr", "contains", "endswith", "exists", "gt", "gte", "lt", "lte", "neq", "startswith", *OURS)
"""Modifiers a rule may use."""
REFUSED: Final = {
    "re": (
        "规则不用正则表达式：改用 contains、startswith、endswith 或通配符 * ?",
        "use contains, startswith, endswith or * ?",
    ),
    "cased": ("文字比较不分 ASCII 大小写：去掉 cased", "text compares without ASCII case: drop it"),
    "fieldref": (
        "不能拿两个字段互相比较：改用派生字段",
        "fields cannot be compared with each other: use a derived field",
    ),
    "windash": ("这是命令行日志用的修饰符", "a modifier for command lines in logs"),
}
"""Modifiers of Sigma that have no meaning here, with what to write instead (zh, en)."""
DEEPEST: Final = 16
MOST: Final = 300

_ORDER: Final = {
    CompareOperators.LT: Op.LT,
    CompareOperators.LTE: Op.LTE,
    CompareOperators.GT: Op.GT,
    CompareOperators.GTE: Op.GTE,
}


class _Versioned(NoPlainConversionMixin, SigmaType):  # type: ignore[misc]  # pySigma is untyped to us
    """A version and how to compare with it."""

    def __init__(self, text: str, op: Op) -> None:
        self.text = text
        self.op = op


Place = Callable[..., str]
"""Gives `path:line:column` of the keys of a detection section."""


def read(section: Mapping[str, Any], place: Place, place_key: Place) -> tuple[Query, frozenset[str]]:
    """The query of a `detection` section, and the names of the detections its condition uses.

    `place` and `place_key` answer for keys below `detection`. Raises InvalidFile (E401x) with the place.
    """
    if "condition" not in section:
        raise _wrong("E4011", place(), "detection 里缺少 condition", "the detection has no condition")
    condition = section["condition"]
    if not isinstance(condition, str):
        raise _wrong("E4011", place("condition"), "condition 要写成一句文字", "the condition is one sentence of text")
    parts = {name: value for name, value in section.items() if name != "condition"}
    if not parts:
        raise _wrong("E4011", place(), "detection 里没有任何条件", "the detection holds no condition parts")
    built = {name: _detection(value, (name,), place, place_key, 0) for name, value in parts.items()}
    where = place("condition")
    try:
        detections = SigmaDetections(detections=built, condition=[condition])
        tree = SigmaCondition(condition, detections).parse()  # a place here would replace those of the parts
    except SigmaError as error:
        raise _told(error, where, condition, built) from error
    except RecursionError as error:
        raise _wrong("E4012", where, "condition 嵌套过深", "the condition is nested too deep") from error
    if tree is None:
        raise _wrong("E4012", where, "condition 没有选中任何条件", "the condition selects nothing")
    return _query(tree, where), used(condition, built)


def used(condition: str, names: Mapping[str, object]) -> frozenset[str]:
    """The names that a condition mentions, alone or through `1 of x*`, `all of them`."""
    found: set[str] = set()
    words = condition.replace("(", " ").replace(")", " ").split()
    for place, word in enumerate(words):
        if word in names:
            found.add(word)
        elif place and words[place - 1] == "of":
            start = word.removesuffix("*")
            found |= {n for n in names if word == "them" or (word.endswith("*") and n.startswith(start))}
    return frozenset(found)


def _detection(
    value: object, keys: tuple[str | int, ...], place: Place, place_key: Place, depth: int
) -> SigmaDetection:
    where = place(*keys)
    if depth > DEEPEST:
        raise _wrong("E4012", where, "条件嵌套过深", "nested too deep")
    if isinstance(value, Mapping) and value:
        items = [_item(str(k), v, place_key(*keys, str(k)), place(*keys, str(k))) for k, v in value.items()]
        return SigmaDetection(list(items))  # a place here would replace those of its items
    if isinstance(value, Sequence) and not isinstance(value, str) and value:
        nested = [_detection(each, (*keys, i), place, place_key, depth + 1) for i, each in enumerate(value)]
        return SigmaDetection(list(nested), item_linking=ConditionOR)
    raise _wrong(
        "E4013",
        where,
        "条件要写成 字段: 值（不支持不带字段的关键字）",
        "conditions are `field: value`; keywords without a field mean nothing here",
    )


def _item(key: str, value: object, where_key: str, where: str) -> SigmaDetectionItem:
    name, *modifiers = key.split("|")
    if name not in by_name():
        guess = nearest(name, by_name())
        raise InvalidFile(
            "E4014",
            say(f"没有字段 {visible(name)}", f"no field {visible(name)}"),
            where=where_key,
            hint=say(f"是不是 {guess}？" if guess else "secops schema fields 列出全部字段", f"did you mean {guess}?"),
        )
    for modifier in modifiers:
        _modifier(modifier, where_key)
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    if not values or len(values) > MOST or any(isinstance(each, (dict, list)) for each in values):
        raise _wrong("E4013", where, f"值要写成一个或一列（至多 {MOST} 个）", f"one value or a list of up to {MOST}")
    ours = [each for each in modifiers if each in OURS]
    try:
        if ours:
            if len(modifiers) > 1:
                raise _wrong("E4015", where_key, f"{ours[0]} 不与别的修饰符连用", f"{ours[0]} stands alone")
            versioned: list[SigmaType] = [_Versioned(str(each), Op(ours[0])) for each in values]
            return SigmaDetectionItem(name, [], versioned, source=_located(where))
        return SigmaDetectionItem.from_mapping(key, values, source=_located(where))
    except SigmaError as error:
        raise InvalidFile(
            "E4013",
            say(f"条件 {visible(key)} 的值不对", f"the value of {visible(key)} does not fit"),
            where=where,
            why=_clean(error),
        ) from error


def _modifier(modifier: str, where: str) -> None:
    if modifier in ALLOWED:
        return
    if modifier in REFUSED:
        zh, en = REFUSED[modifier]
        raise _wrong("E4015", where, f"不支持修饰符 {modifier}：{zh}", f"modifier {modifier} is refused: {en}")
    guess = nearest(modifier, ALLOWED)
    known = modifier in modifier_mapping
    raise InvalidFile(
        "E4015",
        say(
            f"{'不支持' if known else '不认识'}修饰符 {visible(modifier)}",
            f"modifier {visible(modifier)} is {'not supported' if known else 'unknown'}",
        ),
        where=where,
        why=say(f"可用：{', '.join(ALLOWED)}", f"usable: {', '.join(ALLOWED)}"),
        hint=say(f"是不是 {guess}？", f"did you mean {guess}?") if guess else "",
    )


def _query(tree: Any, where: str) -> Query:  # pySigma's classes are untyped to us
    if isinstance(tree, ConditionAND):
        return And(tuple(_query(each, where) for each in tree.args))
    if isinstance(tree, ConditionOR):
        return Or(tuple(_query(each, where) for each in tree.args))
    if isinstance(tree, ConditionNOT):
        return Not(_query(tree.args[0], where))
    if isinstance(tree, ConditionFieldEqualsValueExpression):
        return _leaf(by_name()[tree.field], tree.value, _shown(tree.source) or where)
    raise _wrong("E4013", where, "条件里有不带字段的关键字", "a keyword without a field")


def _leaf(field: Field, value: SigmaType, where: str) -> Query:
    answer = _compare(field, value)
    problem = answer if isinstance(answer, str) else misfit(answer) if isinstance(answer, Compare) else ""
    if problem or isinstance(answer, str):
        raise InvalidFile(
            "E4016", say("值与字段的类型不符", "the value does not fit the field"), where=where, why=problem
        )
    return answer


def _compare(field: Field, value: SigmaType) -> Query | str:
    if isinstance(value, _Versioned):
        return Compare(field.name, value.op, value.text)
    if isinstance(value, SigmaNull):
        return Compare(field.name, Op.EXISTS, False)
    if isinstance(value, SigmaExists):
        return Compare(field.name, Op.EXISTS, bool(value.exists))
    if isinstance(value, SigmaBool):
        return Compare(field.name, Op.EQ, bool(value.boolean))
    if isinstance(value, SigmaCIDRExpression):
        return Compare(field.name, Op.CIDR, value.cidr)
    if isinstance(value, SigmaCompareExpression):
        return _numeric(field, _ORDER[value.op], value.number) if value.op in _ORDER else str(value.op)
    if isinstance(value, SigmaNumber):
        if field.type in {Type.TEXT, Type.TEXTS, Type.VERSION}:
            return say(f"给 {value.number} 加上引号，它是文字", f"quote {value.number}: the field is text")
        return _numeric(field, Op.EQ, value)
    if type(value) is SigmaString:
        return _string(field, value)
    return say(f"不支持 {type(value).__name__}", f"{type(value).__name__} is not supported")


def _numeric(field: Field, op: Op, number: SigmaNumber) -> Query:
    plain = number.number
    return Compare(field.name, op, int(plain) if float(plain).is_integer() else plain)


def _string(field: Field, value: SigmaString) -> Query | str:
    parts: list[str | Wild] = []
    for piece in value.s:
        if piece is SpecialChars.WILDCARD_MULTI:
            parts.append(Wild.ANY)
        elif piece is SpecialChars.WILDCARD_SINGLE:
            parts.append(Wild.ONE)
        elif isinstance(piece, str):
            parts.extend(piece)
        else:
            return say("不支持占位符", "placeholders are not supported")
    if any(isinstance(each, Wild) for each in parts):
        if field.type not in {Type.TEXT, Type.TEXTS, Type.VERSION}:
            return say(
                f"字段 {field.name} 是 {field.type}，不能用通配符", f"{field.name} is {field.type}: no wildcards"
            )
        return wild(field, tuple(parts))
    text = "".join(str(each) for each in parts)
    if field.type is Type.INSTANT:
        try:
            return Compare(field.name, Op.EQ, int(parse_time(text)))
        except (ValueError, OverflowError):
            return say(f"{visible(text)} 不是时间", f"{visible(text)} is no time")
    return Compare(field.name, Op.EQ, text)


def _located(where: str) -> SigmaRuleLocation:
    path, line, column = where.rsplit(":", 2)
    return SigmaRuleLocation(Path(path), int(line), int(column))


def _shown(source: SigmaRuleLocation | None) -> str:
    return f"{source.path}:{source.line}:{source.char}" if source is not None else ""


def _told(error: SigmaError, where: str, condition: str, names: Mapping[str, object]) -> InvalidFile:
    unknown = next((w for w in condition.replace("(", " ").replace(")", " ").split() if _undefined(w, names)), "")
    guess = nearest(unknown, names) if unknown else ""
    return InvalidFile(
        "E4012",
        say("condition 读不懂", "the condition cannot be read"),
        where=where,
        why=_clean(error),
        hint=say(f"{unknown} 是不是 {guess}？", f"is {unknown} meant to be {guess}?") if guess else "",
    )


def _undefined(word: str, names: Mapping[str, object]) -> bool:
    return word not in names and word not in {"and", "or", "not", "of", "all", "any", "1", "them"} and "*" not in word


def _clean(error: SigmaError) -> str:
    return visible(str(error.args[0]) if error.args else str(error), 300)


def _wrong(code: str, where: str, zh: str, en: str) -> InvalidFile:
    return InvalidFile(code, say(zh, en), where=where)
