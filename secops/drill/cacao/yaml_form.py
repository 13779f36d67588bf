"""The readable form: YAML whose steps are known by name; its keys are CACAO's own words.

Reading never stops at the first fault: each is noted with its place, and the playbook is what could be understood.
"""

from pathlib import Path
from typing import Final

from secops.core.language import say
from secops.drill.cacao.document import Document, Reader
from secops.drill.cacao.playbook import Act, End, Exits, If, Party, Playbook, Scalar, Start, Step, Variable
from secops.drill.cacao.problem import guess
from secops.drill.cacao.vocabulary import RUNNABLE, STEP_TYPES
from secops.scope.yaml_source import Located, Source, visible

_TOP: Final = frozenset(
    {
        "playbook", "name", "description", "author", "created", "modified", "types", "activities", "labels", "revoked",
        "valid_from", "valid_until", "variables", "agents", "targets", "exception", "steps",
    }
)  # fmt: skip
_VARIABLE: Final = frozenset({"type", "value", "constant", "external", "description"})
_PARTY: Final = frozenset({"type", "description", "address", "category"})
_EXITS: Final = frozenset({"on_completion", "on_success", "on_failure"})
_STEP: Final[dict[str, frozenset[str]]] = {
    "start": frozenset({"type", "description"}) | _EXITS,
    "end": frozenset({"type", "description", "verdict"}) | _EXITS,
    "action": frozenset(
        {"type", "description", "action", "with", "agent", "targets", "out", "timeout", "delay", "activity"}
    )
    | _EXITS,
    "if-condition": frozenset({"type", "description", "condition", "on_true", "on_false"}) | _EXITS,
}


def read(path: str | Path) -> Document:
    """The playbook in this file. Raises InvalidFile only where the file is not YAML at all."""
    return parse(Source.read(path))


def parse(located: Located) -> Document:
    """The playbook in the loaded file."""
    reader = Reader(located)
    reader.known(_TOP)
    steps = _steps(reader)
    playbook = Playbook(
        key=reader.text("playbook", required=True),
        name=reader.text("name", required=True),
        description=reader.text("description"),
        author=reader.text("author", required=True),
        created=reader.text("created", required=True),
        modified=reader.text("modified", required=True),
        types=reader.texts("types"),
        activities=reader.texts("activities"),
        labels=reader.texts("labels"),
        revoked=reader.flag("revoked"),
        valid_from=reader.text("valid_from"),
        valid_until=reader.text("valid_until"),
        start=next((name for name, each in steps.items() if isinstance(each, Start)), ""),
        exception=reader.text("exception"),
        variables={name: _variable(reader, name) for name in reader.mapping("variables")},
        agents={name: _party(reader, "agents", name) for name in reader.mapping("agents")},
        targets={name: _party(reader, "targets", name) for name in reader.mapping("targets")},
        steps=steps,
    )
    return Document(playbook, located, tuple(reader.problems), fields={"arguments": ("with",), "outputs": ("out",)})


def _variable(reader: Reader, name: str) -> Variable:
    at = ("variables", name)
    reader.known(_VARIABLE, *at)
    value = reader.raw(*at, "value")
    if value is not None and not isinstance(value, str):
        shown = str(value).lower() if isinstance(value, bool) else str(value)
        what = say(f"变量 {visible(name)} 的值要写成文字", f"the value of {visible(name)} is written as a text")
        reader.note("E7120", reader.located.where(*at, "value"), what, f'value: "{visible(shown)}"')
        value = None
    return Variable(
        name,
        reader.text(*at, "type", required=True),
        value,
        reader.flag(*at, "constant"),
        reader.flag(*at, "external"),
        reader.text(*at, "description"),
    )


def _party(reader: Reader, section: str, name: str) -> Party:
    at = (section, name)
    reader.known(_PARTY, *at)
    address = {key: reader.texts(*at, "address", key) for key in reader.mapping(*at, "address")}
    return Party(
        name,
        reader.text(*at, "type", required=True),
        reader.text(*at, "description"),
        address,
        reader.texts(*at, "category"),
    )


def _steps(reader: Reader) -> dict[str, Step]:
    steps: dict[str, Step] = {}
    for name in reader.mapping("steps", required=True):
        step = _step(reader, name)
        if step is not None:
            steps[name] = step
    return steps


def _step(reader: Reader, name: str) -> Step | None:
    at = ("steps", name)
    kind = reader.text(*at, "type", required=True)
    if kind not in RUNNABLE:
        if kind:
            _unknown_type(reader, kind, *at, "type")
        return None
    reader.known(_STEP[kind], *at)
    description = reader.text(*at, "description")
    exits = Exits(*(reader.text(*at, key) for key in ("on_completion", "on_success", "on_failure")))
    if kind == "start":
        return Start(name, exits, description)
    if kind == "end":
        for way in exits:
            reader.note(
                "E7118", reader.located.where(*at), say(f"结束步骤不能再走向 {visible(way)}", "an end leads on")
            )
        return End(name, reader.text(*at, "verdict"), description)
    if kind == "if-condition":
        return If(
            name,
            reader.text(*at, "condition", required=True),
            reader.text(*at, "on_true", required=True),
            exits,
            reader.text(*at, "on_false"),
            description,
        )
    arguments: dict[str, Scalar] = reader.scalars(*at, "with")
    return Act(
        name,
        reader.text(*at, "action", required=True),
        reader.text(*at, "agent", required=True),
        exits,
        arguments,
        reader.texts(*at, "targets"),
        {key: str(value) for key, value in reader.scalars(*at, "out").items()},
        reader.duration(*at, "timeout"),
        reader.duration(*at, "delay") or 0,
        reader.text(*at, "activity"),
        description,
    )


def _unknown_type(reader: Reader, kind: str, *at: str) -> None:
    if kind in STEP_TYPES:
        what = say(f"本版本不能执行 {kind} 步骤", f"this version cannot carry out {kind} steps")
        hint = say("可用：", "can: ") + ", ".join(sorted(RUNNABLE))
    else:
        what = say(f"没有这种步骤: {visible(kind)}", f"no such kind of step: {visible(kind)}")
        hint = guess(kind, RUNNABLE)
    reader.note("E7110", reader.located.where(*at), what, hint)
