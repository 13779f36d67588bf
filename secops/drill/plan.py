"""The plan of a run: all that will be carried out, fixed and hashed, so that what was shown is what is applied."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from secops.core.errors import InvalidFile, SecopsError, UsageError
from secops.core.ids import canonical, digest
from secops.core.language import say
from secops.drill.actions.interface import Action, Prediction, Reach, Traits
from secops.drill.cacao import json_form
from secops.drill.cacao.playbook import REFERENCE, Act, Playbook, Scalar, Variable, references
from secops.drill.state import Program
from secops.scope.yaml_source import Source, nearest

KIND: Final = "drill-plan"
VERSION: Final = "1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be carried out, where it came from, and the hash over all of it."""

    playbook: Mapping[str, object]
    """CACAO JSON."""
    source: str
    """The playbook file."""
    scope: str
    """The scope file."""
    scope_id: str
    scope_digest: str
    values: Mapping[str, str]

    @property
    def hash(self) -> str:
        """Over everything but the names of the files."""
        return digest([VERSION, self.playbook, self.scope_id, self.scope_digest, dict(sorted(self.values.items()))])

    def record(self) -> dict[str, object]:
        """The plan as JSON."""
        return {
            "kind": KIND,
            "version": VERSION,
            "hash": self.hash,
            "source": self.source,
            "scope": self.scope,
            "scope_id": self.scope_id,
            "scope_digest": self.scope_digest,
            "values": dict(self.values),
            "playbook": self.playbook,
        }


def read(record: object, where: str) -> Plan:
    """The plan in a JSON object. Raises InvalidFile when it is none, or when its hash is not that of its content."""
    if not isinstance(record, Mapping) or record.get("kind") != KIND or record.get("version") != VERSION:
        what = say("这不是演练计划", "this is no plan of an exercise")
        raise InvalidFile("E7201", what, where=where, hint="secops drill plan PLAYBOOK -o FILE")
    texts = {name: record.get(name) for name in ("source", "scope", "scope_id", "scope_digest")}
    playbook, values = record.get("playbook"), record.get("values")
    good = isinstance(playbook, Mapping) and isinstance(values, Mapping)
    if not good or not all(isinstance(each, str) for each in texts.values()):
        raise InvalidFile("E7201", say("计划文件不完整", "the plan is incomplete"), where=where)
    assert isinstance(playbook, Mapping)
    assert isinstance(values, Mapping)
    plan = Plan(
        playbook,
        str(texts["source"]),
        str(texts["scope"]),
        str(texts["scope_id"]),
        str(texts["scope_digest"]),
        {str(name): str(value) for name, value in values.items()},
    )
    if plan.hash != record.get("hash"):
        what = say("计划文件被改动过", "the plan has been edited")
        hint = say("重新生成: secops drill plan", "make it again: secops drill plan")
        raise InvalidFile("E7201", what, where=where, hint=hint)
    return plan


def program(plan: Plan, actions: Mapping[str, Action]) -> Program:
    """What the engine carries out. Raises InvalidFile when the plan holds what this version cannot do."""
    located = Source.load(canonical(plan.playbook), "plan")
    document = json_form.parse(located)
    if document.problems:
        first = document.problems[0]
        raise InvalidFile(first.code, first.what, where=first.where, hint=first.hint)
    traits = {name: each.traits for name, each in actions.items()}
    for step in document.playbook.steps.values():
        if isinstance(step, Act) and step.action not in traits:
            raise InvalidFile("E7111", say(f"没有动作 {step.action}", f"no action {step.action}"), where=step.name)
    return Program(document.playbook, traits, plan.values)


def settle_values(book: Playbook, given: Mapping[str, str]) -> dict[str, str]:
    """The values of the external variables: those given, else their defaults. Raises UsageError."""
    external = {name: each for name, each in book.variables.items() if each.external}
    for name in given:
        if name not in external:
            near = nearest(name, external)
            raise UsageError(
                "E7206",
                say(f"剧本没有外部变量 {name}", f"the playbook has no external variable {name}"),
                hint=say(f"是不是 {near}？", f"did you mean {near}?") if near else ", ".join(sorted(external)),
            )
    values = {name: given.get(name, each.value) for name, each in external.items()}
    missing = [name for name, value in values.items() if value is None]
    if missing:
        raise UsageError(
            "E7206",
            say(f"缺少外部变量 {', '.join(missing)}", f"no value for {', '.join(missing)}"),
            hint=" ".join(f"--var {name}=…" for name in missing),
        )
    return {name: value for name, value in values.items() if value is not None}


def resolve(arguments: Mapping[str, Scalar], variables: Mapping[str, Variable]) -> dict[str, Scalar]:
    """The arguments with the values of their variables. Raises SecopsError E7119 where a value is unknown."""
    return {name: _resolve(value, variables) for name, value in arguments.items()}


def _resolve(value: Scalar, variables: Mapping[str, Variable]) -> Scalar:
    if not isinstance(value, str):
        return value
    for name in references(value):
        if name not in variables or variables[name].value is None:
            raise SecopsError("E7119", say(f"变量 {name} 的值未知", f"{name} has no value"))
    return REFERENCE.sub(lambda found: str(variables[found[1]].value), value)


@dataclass(frozen=True, slots=True)
class Line:
    """One step of the plan as people check it."""

    step: str
    action: str
    traits: Traits
    prediction: Prediction
    timeout: int


def preview(book: Playbook, actions: Mapping[str, Action], values: Mapping[str, str]) -> list[Line]:
    """What each action would send, as far as it can be known now. Sends nothing."""
    known = {
        name: replace(each, value=values[name]) if name in values else each for name, each in book.variables.items()
    }
    assigned = {name for step in book.steps.values() if isinstance(step, Act) for name in step.outputs}
    lines = []
    for step in book.steps.values():
        if isinstance(step, Act):
            action = actions[step.action]
            lines.append(
                Line(
                    step.name,
                    step.action,
                    action.traits,
                    _predict(step, action, known, assigned),
                    action.traits.timeout if step.timeout is None else step.timeout,
                )
            )
    return lines


def _predict(step: Act, action: Action, known: Mapping[str, Variable], assigned: set[str]) -> Prediction:
    later = sorted(set(references(dict(step.arguments))) & assigned)
    if later:
        named = ", ".join(later)
        what = say(f"要等运行中的变量 {named} 才知道", f"depends on {named}, known only when running")
        return Prediction(sends=what, unpredictable=(named,))
    try:
        return action.predict(resolve(step.arguments, known))
    except SecopsError as error:
        return Prediction(sends="", refused=f"{error.code}: {error.what}")


def load(text: bytes, where: str) -> Plan:
    """The plan in this JSON text. Raises InvalidFile."""
    try:
        record = json.loads(text)
    except (ValueError, RecursionError) as error:
        what = say("计划文件不是 JSON", "the plan is not JSON")
        raise InvalidFile("E7201", what, where=where, why=str(error)[:200]) from error
    return read(record, where)


def reaches(line: Line) -> bool:
    """Does the step send anything?"""
    return line.traits.reach is not Reach.PEOPLE
