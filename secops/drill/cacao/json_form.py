"""CACAO 2.0 JSON: written from a playbook, and read back from what we wrote.

Names, actions and their arguments travel in a declared step extension; the commands beside it say the same in CACAO's
own words, so that another orchestrator (or a person) can follow them. What we cannot carry out is a finding, never
skipped: foreign playbooks whose steps lack our extension are understood for `manual` commands only.
"""

from collections.abc import Mapping
from typing import Final, Protocol

from secops.core.language import say
from secops.drill.cacao.document import Document, Reader
from secops.drill.cacao.playbook import (
    Act,
    End,
    Exits,
    If,
    Party,
    Playbook,
    Scalar,
    Start,
    Step,
    Variable,
    derived_uuid,
    references,
)
from secops.drill.cacao.problem import guess
from secops.drill.cacao.vocabulary import RUNNABLE, STEP_TYPES
from secops.scope.yaml_source import Located, visible

EXTENSION: Final = f"extension-definition--{derived_uuid('secops', 'drill step extension', '1')}"
"""The extension that says how secops carries a step out."""
_SCHEMA: Final = (
    "playbook_key: text, readable key of the playbook (playbook_extensions). step_name: text. step_action: text, name "
    "of a secops action. step_arguments: object of texts, numbers and booleans. step_outputs: object, variable to "
    "output. step_verdict: text an end step gives the run. step_activity: text."
)
_Parties = tuple[Mapping[str, str], Mapping[str, str]]
"""Id -> name of the agents, and of the targets."""
_EXITS: Final = ("on_completion", "on_success", "on_failure")


class Spoken(Protocol):
    """What the export needs of an action."""

    def command(self, arguments: Mapping[str, Scalar]) -> dict[str, object]:
        """The CACAO command that says the same."""
        ...


def write(book: Playbook, actions: Mapping[str, Spoken]) -> dict[str, object]:
    """The playbook as a CACAO 2.0 object, ready for JSON. The playbook must be free of errors."""
    identity = book.author_id
    tree: dict[str, object] = {
        "type": "playbook",
        "spec_version": "cacao-2.0",
        "id": book.id,
        "name": book.name,
        "description": book.description,
        "playbook_types": list(book.types),
        "playbook_activities": list(book.activities),
        "playbook_processing_summary": _summary(book),
        "created_by": identity,
        "created": book.created,
        "modified": book.modified,
        "revoked": book.revoked,
        "valid_from": book.valid_from,
        "valid_until": book.valid_until,
        "labels": list(book.labels),
        "playbook_variables": {name: _variable(each) for name, each in book.variables.items()},
        "workflow_start": book.step_id(book.start),
        "workflow_exception": book.step_id(book.exception) if book.exception else "",
        "workflow": {book.step_id(name): _step(book, each, actions) for name, each in book.steps.items()},
        "agent_definitions": {book.party_id("agent", each): _party(each) for each in book.agents.values()},
        "target_definitions": {book.party_id("target", each): _party(each) for each in book.targets.values()},
        "extension_definitions": {
            EXTENSION: {
                "type": "extension-definition",
                "name": "secops drill step",
                "description": "How secops carries a step out",
                "created_by": f"identity--{derived_uuid('id', 'secops')}",
                "schema": _SCHEMA,
                "version": "1.0.0",
            }
        },
        "playbook_extensions": {EXTENSION: {"playbook_key": book.key, "playbook_author": book.author}},
    }
    return {key: value for key, value in tree.items() if value not in ("", [], {}) and value is not False}


def parse(located: Located) -> Document:
    """The playbook in a loaded JSON file."""
    reader = Reader(located)
    for key, wanted in (("type", "playbook"), ("spec_version", "cacao-2.0")):
        if reader.text(key, required=True) not in {wanted, ""}:
            reader.note("E7103", located.where(key), say(f"{key} 必须是 {wanted}", f"{key} must be {wanted}"))
    known = _names(reader, "workflow")
    agents, targets = _names(reader, "agent_definitions"), _names(reader, "target_definitions")
    steps = {}
    for id_, name in known.items():
        step = _read_step(reader, id_, known, (agents, targets))
        if step is not None:
            steps[name] = step
    start = reader.text("workflow_start", required=True)
    if start and start not in known:
        reader.note("E7113", located.where("workflow_start"), say("没有这个步骤", "no such step"), guess(start, known))
    ours = ("playbook_extensions", EXTENSION)
    book = Playbook(
        key=reader.text(*ours, "playbook_key") or reader.text("id", required=True),
        name=reader.text("name", required=True),
        description=reader.text("description"),
        author=reader.text(*ours, "playbook_author") or reader.text("created_by", required=True),
        created=reader.text("created", required=True),
        modified=reader.text("modified", required=True),
        types=reader.texts("playbook_types"),
        activities=reader.texts("playbook_activities"),
        labels=reader.texts("labels"),
        revoked=reader.flag("revoked"),
        valid_from=reader.text("valid_from"),
        valid_until=reader.text("valid_until"),
        start=known.get(start, ""),
        exception=_follow(reader, known, "workflow_exception"),
        variables={name: _read_variable(reader, name) for name in reader.mapping("playbook_variables")},
        agents={name: _read_party(reader, "agent_definitions", id_, name) for id_, name in agents.items()},
        targets={name: _read_party(reader, "target_definitions", id_, name) for id_, name in targets.items()},
        steps=steps,
    )
    keys = {("steps", name): id_ for id_, name in known.items()}
    keys |= {("agents", name): id_ for id_, name in agents.items()}
    keys |= {("targets", name): id_ for id_, name in targets.items()}
    extension = ("step_extensions", EXTENSION)
    return Document(
        book,
        located,
        tuple(reader.problems),
        sections={
            "steps": "workflow",
            "variables": "playbook_variables",
            "agents": "agent_definitions",
            "targets": "target_definitions",
            "types": "playbook_types",
            "activities": "playbook_activities",
            "exception": "workflow_exception",
            "playbook": "id",
        },
        keys=keys,
        fields={
            "arguments": (*extension, "step_arguments"),
            "outputs": (*extension, "step_outputs"),
            "action": (*extension, "step_action"),
            "activity": ("commands", 0, "playbook_activity"),
        },
    )


def _summary(book: Playbook) -> dict[str, bool]:
    acts = [step for step in book.steps.values() if isinstance(step, Act)]
    told = {
        "manual_playbook": all(step.action == "manual" for step in acts),
        "if_logic": any(isinstance(step, If) for step in book.steps.values()),
        "temporal_logic": any(step.timeout is not None or step.delay for step in acts),
        "extensions": True,
    }
    return {name: value for name, value in told.items() if value}


def _variable(variable: Variable) -> dict[str, object]:
    told: dict[str, object] = {"type": variable.type}
    if variable.description:
        told["description"] = variable.description
    if variable.value is not None:
        told["value"] = variable.value
    return told | {"constant": variable.constant, "external": variable.external}


def _party(party: Party) -> dict[str, object]:
    told: dict[str, object] = {"type": party.type, "name": party.name}
    if party.description:
        told["description"] = party.description
    if party.address:
        told["address"] = {key: list(values) for key, values in party.address.items()}
    if party.category:
        told["category"] = list(party.category)
    return told


def _step(book: Playbook, step: Step, actions: Mapping[str, Spoken]) -> dict[str, object]:
    told: dict[str, object] = {"type": step.type, "name": step.name}
    if step.description:
        told["description"] = step.description
    ours: dict[str, object] = {"step_name": step.name}
    if not isinstance(step, End):
        pointers = zip(_EXITS, (step.exits.completion, step.exits.success, step.exits.failure), strict=True)
        told |= {key: book.step_id(name) for key, name in pointers if name}
    elif step.verdict:
        ours["step_verdict"] = step.verdict
    if isinstance(step, If):
        told |= {"condition": step.condition, "on_true": book.step_id(step.on_true)}
        if step.on_false:
            told["on_false"] = book.step_id(step.on_false)
    if isinstance(step, Act):
        told |= _act(book, step, actions)
        ours |= {"step_action": step.action, "step_arguments": dict(step.arguments)}
        if step.outputs:
            ours["step_outputs"] = dict(step.outputs)
    told["step_extensions"] = {EXTENSION: ours}
    return told


def _act(book: Playbook, step: Act, actions: Mapping[str, Spoken]) -> dict[str, object]:
    command = actions[step.action].command(step.arguments)
    if step.activity:
        command["playbook_activity"] = step.activity
    told: dict[str, object] = {"commands": [command], "agent": book.party_id("agent", book.agents[step.agent])}
    if step.targets:
        told["targets"] = [book.party_id("target", book.targets[name]) for name in step.targets]
    used = sorted(set(references(dict(step.arguments))))
    if used:
        told["in_args"] = used
    if step.outputs:
        told["out_args"] = sorted(step.outputs)
    if step.delay:
        told["delay"] = step.delay
    if step.timeout is not None:
        told["timeout"] = step.timeout
    return told


def _names(reader: Reader, section: str) -> dict[str, str]:
    """Id -> readable name, made unique by the id where two are alike."""
    found: dict[str, str] = {}
    for id_ in reader.mapping(section):
        name = reader.text(section, id_, "step_extensions", EXTENSION, "step_name") or reader.text(section, id_, "name")
        found[id_] = name if name and name not in found.values() else id_
    return found


def _follow(reader: Reader, known: Mapping[str, str], *keys: str) -> str:
    pointer = reader.text(*keys)
    return known.get(pointer, pointer)


def _read_variable(reader: Reader, name: str) -> Variable:
    at = ("playbook_variables", name)
    value = reader.raw(*at, "value")
    if value is not None and not isinstance(value, str):
        what = say(f"变量 {visible(name)} 的值要写成文字", f"the value of {visible(name)} is written as a text")
        reader.note("E7120", reader.located.where(*at, "value"), what)
        value = None
    kind, description = reader.text(*at, "type", required=True), reader.text(*at, "description")
    return Variable(name, kind, value, reader.flag(*at, "constant"), reader.flag(*at, "external"), description)


def _read_party(reader: Reader, section: str, id_: str, name: str) -> Party:
    at = (section, id_)
    address = {key: reader.texts(*at, "address", key) for key in reader.mapping(*at, "address")}
    kind, description = reader.text(*at, "type", required=True), reader.text(*at, "description")
    return Party(name, kind, description, address, reader.texts(*at, "category"))


def _read_step(reader: Reader, id_: str, known: Mapping[str, str], parties: _Parties) -> Step | None:
    at = ("workflow", id_)
    name, (agents, targets) = known[id_], parties
    kind = reader.text(*at, "type", required=True)
    if kind not in RUNNABLE:
        known_kind = kind in STEP_TYPES
        what = (
            say(f"本版本不能执行 {kind} 步骤", f"this version cannot carry out {kind} steps")
            if known_kind
            else say(f"没有这种步骤: {visible(kind)}", f"no such kind of step: {visible(kind)}")
        )
        reader.note("E7110", reader.located.where(*at, "type"), what, guess(kind, RUNNABLE))
        return None
    if id_.partition("--")[0] != kind:
        what = say("步骤编号的前缀与类型不符", "the id's prefix is not the step's type")
        reader.note("E7110", reader.located.where_key(*at), what, f"{kind}--…")
    description = reader.text(*at, "description")
    exits = Exits(*(_follow(reader, known, *at, key) for key in _EXITS))
    ours = (*at, "step_extensions", EXTENSION)
    if kind == "start":
        return Start(name, exits, description)
    if kind == "end":
        return End(name, reader.text(*ours, "step_verdict"), description)
    if kind == "if-condition":
        condition = reader.text(*at, "condition", required=True)
        arms = (_follow(reader, known, *at, "on_true"), _follow(reader, known, *at, "on_false"))
        return If(name, condition, arms[0], exits, arms[1], description)
    action, arguments = _read_command(reader, at)
    agent = reader.text(*at, "agent", required=True)
    return Act(
        name,
        action,
        agents.get(agent, agent),
        exits,
        arguments,
        tuple(targets.get(each, each) for each in reader.texts(*at, "targets")),
        {key: str(value) for key, value in reader.scalars(*ours, "step_outputs").items()},
        reader.duration(*at, "timeout"),
        reader.duration(*at, "delay") or 0,
        reader.text(*at, "commands", 0, "playbook_activity"),
        description,
    )


def _read_command(reader: Reader, at: tuple[str, str]) -> tuple[str, dict[str, Scalar]]:
    commands = reader.raw(*at, "commands")
    count = len(commands) if isinstance(commands, list) else 0
    where = reader.located.where(*at, "commands")
    if count != 1:
        what = say(f"一个步骤只能有一条命令，这里有 {count} 条", f"a step has one command here, not {count}")
        reader.note("E7111", where, what, say("拆成几个步骤", "split it into steps"))
        return "", {}
    ours = (*at, "step_extensions", EXTENSION)
    action = reader.text(*ours, "step_action")
    if action:
        return action, reader.scalars(*ours, "step_arguments")
    kind = reader.text(*at, "commands", 0, "type", required=True)
    if kind == "manual":
        return "manual", {"question": reader.text(*at, "commands", 0, "command", required=True)}
    what = say(f"本版本不能执行 {visible(kind)} 命令", f"this version cannot carry out {visible(kind)} commands")
    reader.note("E7111", reader.located.where(*at, "commands", 0, "type"), what)
    return "", {}
