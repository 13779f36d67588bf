"""Rule files read strictly: an unknown key, a wrong type or a field that does not exist is an error with its place.

A rule is one YAML file, `rules/NAME.yaml` or `rules/PACK/NAME.yaml`. One broken file stops only itself.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from secops.core import ids
from secops.core.clock import parse as parse_time
from secops.core.errors import InvalidFile, SecopsError
from secops.core.fields import SETS, Field, Type, by_name
from secops.core.finding import Severity
from secops.core.language import say
from secops.core.model import Kind, State, Value
from secops.core.query import Compare, Op, misfit
from secops.grade import sigma
from secops.grade.rule import STATES, Basis, Example, Outcome, Rule, Status
from secops.scope.yaml_source import Located, Source, nearest, unknown_key, visible

ASIDE: Final = frozenset({"tables", "identity"})
"""Folders of `rules/` that hold no rules of grading."""
"""Folder of the decision tables, which are no rules."""
KEYS: Final = frozenset(
    {"id", "title", "title_en", "description", "status", "level", "logsource", "taxonomy", "states", "requires",
     "detection", "basis", "risk", "remedy", "references", "dengbao_risk", "tags", "examples", "author", "date",
     "modified"}
)  # fmt: skip
REQUIRED: Final = ("id", "title", "level", "logsource", "detection")
LEVELS: Final = {
    "informational": Severity.INFO,
    "low": Severity.LOW,
    "medium": Severity.MEDIUM,
    "high": Severity.HIGH,
    "critical": Severity.CRITICAL,
}
LONGEST: Final = 128 * 1024
_ID: Final = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-")


@dataclass(frozen=True, slots=True)
class Pack:
    """The rules that could be read, by id, and what was wrong with the other files."""

    rules: tuple[Rule, ...]
    problems: tuple[SecopsError, ...] = ()

    def find(self, id: str) -> Rule:
        """The rule of this id. Raises InvalidFile naming the nearest one."""
        for rule in self.rules:
            if rule.id == id:
                return rule
        guess = nearest(id, [each.id for each in self.rules])
        raise InvalidFile(
            "E4001",
            say(f"没有规则 {visible(id)}", f"no rule {visible(id)}"),
            hint=say(f"是不是 {guess}？" if guess else "secops rules list", f"did you mean {guess}?" if guess else ""),
        )


def load(files: Mapping[str, Path] | Iterable[Path]) -> Pack:
    """Read these files (relative name -> path, as `hall.workspace.layered` gives them; see `ASIDE`)."""
    pairs = files.items() if isinstance(files, Mapping) else ((path.name, path) for path in files)
    rules: dict[str, Rule] = {}
    problems: list[SecopsError] = []
    for name, path in pairs:
        if Path(name).parts[0] in ASIDE:
            continue
        try:
            rule = read(path)
            if rule.id in rules:
                raise InvalidFile(
                    "E4004",
                    say(f"规则编号 {rule.id} 重复", f"rule id {rule.id} is taken"),
                    where=rule.source.get("id", rule.path),
                    why=say(f"已用于 {rules[rule.id].path}", f"by {rules[rule.id].path}"),
                )
            rules[rule.id] = rule
        except SecopsError as error:
            problems.append(error)
    return Pack(tuple(sorted(rules.values(), key=lambda each: each.id)), tuple(problems))


def read(path: Path | str) -> Rule:
    """The rule in this file. Raises InvalidFile with `path:line:column`."""
    return parse(Source.read(path, max_bytes=LONGEST))


def parse(located: Located) -> Rule:
    """The rule in this document. Raises InvalidFile with `path:line:column`."""
    return _Reader(located).rule()


class _Reader:
    """Reads one document, key by key."""

    def __init__(self, located: Located) -> None:
        self.located = located
        root = located.value
        if not isinstance(root, dict):
            raise self.wrong("E1217", (), "规则文件要写成 键: 值", "a rule file is a mapping")
        self.root = root

    def wrong(self, code: str, keys: tuple[str | int, ...], zh: str, en: str, hint: str = "") -> InvalidFile:
        return InvalidFile(code, say(zh, en), where=self.located.where(*keys), hint=hint)

    def rule(self) -> Rule:
        for key in self.root:
            if key not in KEYS:
                raise unknown_key(self.located.where_key(key), key, KEYS)
        for key in REQUIRED:
            if key not in self.root:
                raise self.wrong("E1218", (), f"缺少 {key}", f"{key} is missing")
        kind = self.kind()
        section = self.section("detection")
        query, parts = sigma.read(
            section,
            lambda *keys: self.located.where("detection", *keys),
            lambda *keys: self.located.where_key("detection", *keys),
        )
        return Rule(
            id=self.id(),
            title_zh=self.text("title"),
            title_en=self.text("title_en"),
            kind=kind,
            severity=LEVELS[self.choice("level", LEVELS)],
            status=Status(self.choice("status", [str(s) for s in Status], "stable")),
            detection=query,
            requires=self.requires(),
            digest=ids.digest({**self.root, "engine": 1}),
            path=self.located.path,
            states=tuple(State(each) for each in self.choices("states", [str(s) for s in State])) or STATES,
            description=self.text("description"),
            basis=self.basis(),
            risk=self.text("risk"),
            remedy=self.text("remedy"),
            references=self.texts("references"),
            dengbao_risk=self.risk_code(),
            tags=self.texts("tags"),
            examples=self.examples(),
            parts=parts,
            source={key: self.located.where_key(key) for key in self.root}
            | {f"detection.{key}": self.located.where_key("detection", key) for key in section}
            | {f"requires.{i}": self.located.where("requires", i) for i in range(len(self.texts("requires")))},
        )

    def id(self) -> str:
        id = self.text("id")
        if not id or len(id) > 80 or not set(id) <= _ID:
            raise self.wrong(
                "E1217", ("id",), "id 用小写字母、数字和连字符", "an id is lower-case letters, digits, hyphens"
            )
        return id

    def text(self, key: str) -> str:
        value = self.root.get(key, "")
        if isinstance(value, str):
            return value.strip()
        raise self.wrong("E1217", (key,), f"{key} 要写成文字（数字请加引号）", f"{key} is text (quote numbers)")

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.root.get(key) or []
        if isinstance(value, list) and all(isinstance(each, str) for each in value):
            return tuple(str(each) for each in value)
        raise self.wrong("E1217", (key,), f"{key} 要写成一列文字", f"{key} is a list of texts")

    def choice(self, key: str, allowed: Iterable[str], default: str = "") -> str:
        value = self.root.get(key, default)
        words = list(allowed)
        if isinstance(value, str) and value in words:
            return value
        guess = nearest(str(value), words)
        raise self.wrong(
            "E1217",
            (key,),
            f"{key} 只能是 {', '.join(words)}",
            f"{key} is one of {', '.join(words)}",
            say(f"是不是 {guess}？", f"did you mean {guess}?") if guess else "",
        )

    def choices(self, key: str, allowed: Iterable[str]) -> tuple[str, ...]:
        words = list(allowed)
        for place, each in enumerate(self.texts(key)):
            if each not in words:
                raise self.wrong("E1217", (key, place), f"只能是 {', '.join(words)}", f"one of {', '.join(words)}")
        return self.texts(key)

    def section(self, key: str) -> dict[str, object]:
        value = self.root.get(key)
        if isinstance(value, dict):
            return dict(value)
        raise self.wrong("E1217", (key,), f"{key} 要写成 键: 值", f"{key} is a mapping")

    def strict(self, keys: tuple[str | int, ...], value: object, allowed: set[str]) -> dict[str, object]:
        if not isinstance(value, dict):
            raise self.wrong("E1217", keys, "这里要写成 键: 值", "a mapping belongs here")
        for key in value:
            if key not in allowed:
                raise unknown_key(self.located.where_key(*keys, key), key, allowed)
        return value

    def kind(self) -> Kind:
        source = self.strict(("logsource",), self.root["logsource"], {"product", "category"})
        if source.get("product") != "secops":
            raise self.wrong("E1217", ("logsource", "product"), "product 要写 secops", "product is secops")
        kinds = [str(each) for each in Kind]
        category = source.get("category")
        if category not in kinds:
            raise self.wrong(
                "E1217", ("logsource", "category"), f"category 只能是 {', '.join(kinds)}", f"one of {', '.join(kinds)}"
            )
        return Kind(str(category))

    def requires(self) -> tuple[str, ...]:
        names = self.texts("requires")
        for place, name in enumerate(names):
            self.field(name, self.located.where("requires", place))
        return names

    def field(self, name: str, where: str) -> Field:
        if name in by_name():
            return by_name()[name]
        guess = nearest(name, by_name())
        raise InvalidFile(
            "E4014",
            say(f"没有字段 {visible(name)}", f"no field {visible(name)}"),
            where=where,
            hint=say(f"是不是 {guess}？", f"did you mean {guess}?") if guess else "",
        )

    def basis(self) -> tuple[Basis, ...]:
        out: list[Basis] = []
        for place, item in enumerate(self.items("basis")):
            keys = ("basis", place)
            entry = self.strict(keys, item, {"document", "clause", "verified"})
            document, clause, verified = entry.get("document"), entry.get("clause", ""), entry.get("verified", False)
            if not isinstance(document, str) or not isinstance(clause, str) or not isinstance(verified, bool):
                raise self.wrong(
                    "E1217",
                    keys,
                    "依据写 document（文字）、clause（文字）、verified（true/false）",
                    "a basis has document (text), clause (text), verified (true/false)",
                )
            out.append(Basis(document, clause, verified))
        return tuple(out)

    def items(self, key: str) -> list[object]:
        value = self.root.get(key) or []
        if not isinstance(value, list):
            raise self.wrong("E1217", (key,), f"{key} 要写成一列", f"{key} is a list")
        return list(value)

    def risk_code(self) -> str:
        code = self.text("dengbao_risk")
        number = code.removeprefix("A-")
        if code and not (code.startswith("A-") and number.isdecimal() and len(number) == 2 and 1 <= int(number) <= 32):
            raise self.wrong("E1217", ("dengbao_risk",), "dengbao_risk 写 A-01 至 A-32", "A-01 to A-32")
        return code

    def examples(self) -> tuple[Example, ...]:
        if "examples" not in self.root:
            return ()
        names = {"match": Outcome.MATCHED, "no_match": Outcome.NOT_MATCHED, "undecided": Outcome.UNDECIDED}
        section = self.strict(("examples",), self.root["examples"], set(names))
        out: list[Example] = []
        for key, outcome in names.items():
            listed = section.get(key) or []
            if not isinstance(listed, list):
                raise self.wrong("E1217", ("examples", key), f"{key} 要写成一列", f"{key} is a list")
            for place, item in enumerate(listed):
                out.append(self.example(("examples", key, place), item, outcome))
        return tuple(out)

    def example(self, keys: tuple[str | int, ...], item: object, outcome: Outcome) -> Example:
        if not isinstance(item, dict):
            raise self.wrong("E1217", keys, "例子要写成 字段: 值", "an example is field: value")
        facts: dict[str, Value] = {}
        for name, plain in item.items():
            if name == "note":
                continue
            field = self.field(name, self.located.where_key(*keys, name))
            try:
                facts[name] = typed(field, plain)
            except ValueError as error:
                raise InvalidFile(
                    "E4016",
                    say(f"{name} 的值与字段类型不符", f"the value of {name} does not fit the field"),
                    where=self.located.where(*keys, name),
                    why=str(error),
                ) from error
        note = item.get("note", "")
        return Example(facts, outcome, self.located.where(*keys), str(note))


def typed(field: Field, plain: object) -> Value:
    """A plain YAML value as the field's own; times may be written as dates. Raises ValueError."""
    if plain is None:
        return None
    if field.type in SETS:
        members = plain if isinstance(plain, list) else [plain]
        if field.type is Type.INTEGERS:
            return tuple(int(_checked(field, each)) for each in members)  # type: ignore[arg-type]  # checked
        return tuple(str(_checked(field, each)) for each in members)
    if field.type is Type.INSTANT and isinstance(plain, str):
        return int(parse_time(plain))
    return _checked(field, plain)


def _checked(field: Field, plain: object) -> Value:
    made = Compare(field.name, Op.EQ, plain)  # type: ignore[arg-type]  # misfit judges any value
    problem = misfit(made)
    if problem:
        raise ValueError(problem)
    return made.value
