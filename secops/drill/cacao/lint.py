"""What a person should mend before anything runs: the meaning of a playbook, which no JSON schema sees.

The rules are CACAO 2.0's MUSTs for the parts we run, and the strict choices named in the room's README.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from secops.core.errors import SecopsError
from secops.core.language import say
from secops.drill.actions.http_marker import read_url
from secops.drill.actions.interface import Kind, Reach, Traits
from secops.drill.cacao import flow
from secops.drill.cacao.condition import ConditionError, check, convert, names, parse
from secops.drill.cacao.document import Document
from secops.drill.cacao.playbook import Act, If, Party, Variable, references
from secops.drill.cacao.problem import Problem, Weight, guess
from secops.drill.cacao.vocabulary import (
    ACTIVITIES,
    ADDRESS_KEYS,
    ADDRESSED,
    PARTY_TYPES,
    PEOPLE,
    PLAYBOOK_TYPES,
    VARIABLE_TYPES,
)
from secops.scope.denied import PORTS as DENIED
from secops.scope.yaml_source import Plain, visible

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{2,62}|playbook--[0-9a-f-]{36}")
_STAMP: Final = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z")
_LOOSE: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z")
_NAME: Final = re.compile(r"__[A-Za-z][A-Za-z0-9_-]{0,244}__")
_BARE: Final = re.compile(r"(__[A-Za-z][A-Za-z0-9_-]{0,244}?__)(?!:value|[A-Za-z0-9_-])")
_SECRETS: Final = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"(?i)\b(?:password|passwd|pwd|secret|token|api[_-]?key|口令|密码)\s*[=:：]\s*(?!__)\S{4,}"),
    re.compile(r"(?i)\b(?:bearer|basic)\s+[A-Za-z0-9+/_.=-]{12,}"),
    re.compile(r"://[^/\s:@]+:[^/\s@]+@"),
    re.compile(r"\b(?:AKIA|ghp_|xox[bp]-)[A-Za-z0-9-]{12,}"),
)
_SECRET_NAME: Final = re.compile(r"(?i)password|passwd|secret|token|api_?key")


def lint(document: Document, actions: Mapping[str, Traits]) -> tuple[Problem, ...]:
    """Everything wrong with the playbook, in the order it stands in the file."""
    found = [*document.problems]
    for look in (_header, _variables, _parties, _acts, _conditions, _secrets):
        found += look(document, actions)
    found += flow.check(document)
    return tuple(sorted(set(found), key=_order))


def _order(problem: Problem) -> tuple[str, int, int, str]:
    path, line, column = [*problem.where.rsplit(":", 2), "", ""][:3]
    return path, int(line) if line.isdigit() else 0, int(column) if column.isdigit() else 0, problem.code


def _header(document: Document, _actions: Mapping[str, Traits]) -> Iterator[Problem]:
    book = document.playbook
    if book.key and not _KEY.fullmatch(book.key):
        what = say("代号只用小写字母、数字和连字符", "the key has lower-case letters, digits and hyphens only")
        yield Problem("E7103", document.where("playbook"), what, "yuedun-opening")
    for name, text in (("created", book.created), ("modified", book.modified)):
        if text and not _STAMP.fullmatch(text):
            what = say(
                f"{name} 要写成 UTC 时间，恰好三位毫秒", f"{name} is UTC with exactly three digits of milliseconds"
            )
            yield Problem("E7123", document.where(name), what, "2026-11-01T01:00:00.000Z")
    for name, text in (("valid_from", book.valid_from), ("valid_until", book.valid_until)):
        if text and not _LOOSE.fullmatch(text):
            yield Problem("E7123", document.where(name), say(f"{name} 要写成 UTC 时间", f"{name} is UTC"), "…Z")
    if book.modified < book.created and _STAMP.fullmatch(book.modified) and _STAMP.fullmatch(book.created):
        yield Problem("E7123", document.where("modified"), say("modified 早于 created", "modified is before created"))
    if book.valid_until and book.valid_from and book.valid_until <= book.valid_from:
        what = say("valid_until 必须晚于 valid_from", "valid_until must be later than valid_from")
        yield Problem("E7123", document.where("valid_until"), what)
    yield from _words(document, "types", book.types, PLAYBOOK_TYPES)
    yield from _words(document, "activities", book.activities, ACTIVITIES)
    if set(book.types) & PLAYBOOK_TYPES and not book.activities:
        what = say("写了 types 就要列出 activities", "types need at least one of activities")
        yield Problem("E7124", document.where("types"), what)
    done = {step.activity for step in book.steps.values() if isinstance(step, Act)}
    for index, activity in enumerate(book.activities):
        if activity not in done:
            what = say(f"没有步骤体现活动 {visible(activity)}", f"no step does {visible(activity)}")
            yield Problem("E7124", document.where("activities", "", index), what, guess(activity, done - {""}))


def _words(document: Document, section: str, given: tuple[str, ...], known: frozenset[str]) -> Iterator[Problem]:
    for index, word in enumerate(given):
        if word not in known:
            what = say(f"{visible(word)} 不在 CACAO 词表中", f"{visible(word)} is not in the vocabulary")
            yield Problem("E7124", document.where(section, "", index), what, guess(word, known), Weight.WARNING)


def _variables(document: Document, _actions: Mapping[str, Traits]) -> Iterator[Problem]:
    book = document.playbook
    assigned = {name for step in book.steps.values() if isinstance(step, Act) for name in step.outputs}
    used = set(_uses(document))
    for name, variable in book.variables.items():
        if not _NAME.fullmatch(name):
            what = say(f"变量名 {visible(name)} 不合规", f"{visible(name)} is no name of a variable")
            hint = say(
                "写成 __name__，ASCII，字母开头，至多 250 字符", "__name__: ASCII, begins with a letter, at most 250"
            )
            yield Problem("E7120", document.where_key("variables", name), what, hint)
        if variable.type and variable.type not in VARIABLE_TYPES:
            what = say(f"变量类型 {visible(variable.type)} 不在词表中", f"type {visible(variable.type)} is not known")
            hint = guess(variable.type, VARIABLE_TYPES)
            yield Problem("E7120", document.where("variables", name, "type"), what, hint, Weight.WARNING)
        if variable.value and not _fits(variable):
            what = say(f"值不是 {variable.type}", f"the value is no {variable.type}")
            yield Problem("E7120", document.where("variables", name, "value"), what)
        written = document.where("variables", name, "value") != document.where("variables", name)
        if variable.value is None and not (written or variable.external or name in assigned) and name in used:
            what = say(f"变量 {visible(name)} 没有值，也没有步骤给它赋值", f"{visible(name)} never gets a value")
            hint = say("写上 value，或 external: true 由启动者提供", "give it a value, or external: true")
            yield Problem("E7119", document.where_key("variables", name), what, hint)


def _fits(variable: Variable) -> bool:
    try:
        convert(variable.type, variable.value or "")
        if variable.type == "uri":
            return ":" in (variable.value or "")
    except ValueError:
        return False
    return True


def _parties(document: Document, _actions: Mapping[str, Traits]) -> Iterator[Problem]:
    book = document.playbook
    acts = [step for step in book.steps.values() if isinstance(step, Act)]
    for section, parties, used in (
        ("agents", book.agents, {step.agent for step in acts}),
        ("targets", book.targets, {name for step in acts for name in step.targets}),
    ):
        for name, party in parties.items():
            yield from _party(document, section, party)
            if name not in used:
                what = say(f"没有步骤用到 {visible(name)}", f"no step uses {visible(name)}")
                yield Problem("E7121", document.where_key(section, name), what, weight=Weight.WARNING)


def _party(document: Document, section: str, party: Party) -> Iterator[Problem]:
    if party.type and party.type not in PARTY_TYPES:
        what = say(f"类型 {visible(party.type)} 不在词表中", f"type {visible(party.type)} is not known")
        hint = guess(party.type, PARTY_TYPES)
        yield Problem("E7121", document.where(section, party.name, "type"), what, hint, Weight.WARNING)
    if party.type in ADDRESSED and not party.address:
        what = say(f"{party.type} 要写明 address", f"{party.type} needs an address")
        yield Problem("E7121", document.where_key(section, party.name), what, "address: {ipv4: [...]}")
    if party.type == "security-category" and not party.category:
        what = say("security-category 要写明 category", "security-category needs a category")
        yield Problem("E7121", document.where_key(section, party.name), what, "category: [orchestrator]")
    for key in party.address:
        if key not in ADDRESS_KEYS:
            what = say(f"地址种类 {visible(key)} 不存在", f"no such kind of address: {visible(key)}")
            yield Problem(
                "E7121", document.where_key(section, party.name, "address", key), what, guess(key, ADDRESS_KEYS)
            )


def _acts(document: Document, actions: Mapping[str, Traits]) -> Iterator[Problem]:
    book = document.playbook
    for step in book.steps.values():
        if not isinstance(step, Act):
            continue

        def at(*path: str | int, name: str = step.name) -> str:
            return document.where("steps", name, *path)

        if step.agent and step.agent not in book.agents:
            what = say(f"没有名为 {visible(step.agent)} 的执行者", f"no agent {visible(step.agent)}")
            yield Problem("E7121", at("agent"), what, guess(step.agent, book.agents))
        for index, target in enumerate(step.targets):
            if target not in book.targets:
                what = say(f"没有名为 {visible(target)} 的目标", f"no target {visible(target)}")
                yield Problem("E7122", at("targets", index), what, guess(target, book.targets))
        if step.activity and step.activity not in ACTIVITIES:
            what = say(f"{visible(step.activity)} 不在 CACAO 词表中", f"{visible(step.activity)} is not known")
            yield Problem("E7124", at("activity"), what, guess(step.activity, ACTIVITIES), Weight.WARNING)
        if step.timeout == 0:
            what = say("timeout 为 0，步骤会立即失败", "a timeout of 0 fails at once")
            yield Problem("E7104", at("timeout"), what, weight=Weight.WARNING)
        traits = actions.get(step.action)
        if traits is not None:
            yield from _fit(document, step, traits, at)
        elif step.action:
            what = say(f"没有动作 {visible(step.action)}", f"no action {visible(step.action)}")
            yield Problem("E7111", at("action"), what, guess(step.action, actions))


def _fit(document: Document, step: Act, traits: Traits, at: Callable[..., str]) -> Iterator[Problem]:
    book = document.playbook
    agent = book.agents.get(step.agent)
    if agent is not None and agent.type in PEOPLE and traits.reach is not Reach.PEOPLE:
        what = say(f"{visible(step.agent)} 是人，不能执行 {traits.name}", f"{visible(step.agent)} is no machine")
        yield Problem("E7126", at("agent"), what, "type: security-category, category: [orchestrator]")
    if traits.reach is Reach.PEOPLE and step.targets:
        what = say(f"{traits.name} 只问人，够不着目标", f"{traits.name} asks people and reaches no target")
        yield Problem("E7126", at("targets"), what)
    known = {each.name: each for each in traits.arguments}
    for name, value in step.arguments.items():
        if name not in known:
            what = say(f"{traits.name} 没有参数 {visible(name)}", f"{traits.name} has no argument {visible(name)}")
            place = document.where_key("steps", step.name, "arguments", name)
            yield Problem("E7112", place, what, guess(name, known))
        elif known[name].kind is Kind.URL and not references(value):
            yield from _url(str(value), at("arguments", name))
    for each in traits.arguments:
        if each.required and each.name not in step.arguments:
            what = say(f"缺少参数 {each.name}：{each.zh}", f"argument {each.name} is missing: {each.en}")
            yield Problem("E7112", at("arguments"), what)
    yield from _outputs(document, step, traits, at)


def _url(value: str, where: str) -> Iterator[Problem]:
    try:
        place = read_url(value)
    except SecopsError as error:
        yield Problem(error.code, where, error.what, "http://10.1.2.3:8080")
        return
    if place.port in DENIED:
        what = say(f"{place.port} 端口任何授权都不能触碰", f"no scope may touch port {place.port}")
        yield Problem("E7126", where, what)


def _outputs(document: Document, step: Act, traits: Traits, at: Callable[..., str]) -> Iterator[Problem]:
    given = {each.name: each for each in traits.outputs}
    for name, output in step.outputs.items():
        variable = document.playbook.variables.get(name)
        place = document.where_key("steps", step.name, "outputs", name)
        if variable is None:
            what = say(f"没有变量 {visible(name)}", f"no variable {visible(name)}")
            yield Problem("E7119", place, what, guess(name, document.playbook.variables))
        elif variable.constant:
            what = say(f"{visible(name)} 是常量，不能赋值", f"{visible(name)} is constant")
            yield Problem("E7128", place, what)
        if output not in given:
            what = say(f"{traits.name} 没有输出 {visible(output)}", f"{traits.name} has no output {visible(output)}")
            yield Problem("E7112", at("outputs", name), what, guess(output, given))
        elif variable is not None and variable.type not in {given[output].type, "string"}:
            what = say(
                f"输出 {output} 是 {given[output].type}，变量是 {visible(variable.type)}",
                f"output {output} is {given[output].type}, the variable {visible(variable.type)}",
            )
            yield Problem("E7128", at("outputs", name), what)


def _conditions(document: Document, _actions: Mapping[str, Traits]) -> Iterator[Problem]:
    book = document.playbook
    for step in book.steps.values():
        if isinstance(step, If) and step.condition:
            where = document.where("steps", step.name, "condition")
            try:
                tree = parse(step.condition)
                missing = [each for each in names(tree) if each.name not in book.variables]
                for each in missing:
                    what = say(f"没有变量 {visible(each.name)}", f"no variable {visible(each.name)}")
                    yield Problem("E7119", where, what, guess(each.name, book.variables))
                check(tree, book.variables)
            except ConditionError as error:
                near = visible(step.condition[error.at : error.at + 30]) or say("末尾", "the end")
                hint = say(f"第 {error.at + 1} 个字符处: {near}", f"at character {error.at + 1}: {near}")
                yield Problem("E7127", where, error.what, hint)


def _uses(document: Document) -> Iterator[str]:
    book = document.playbook
    for step in book.steps.values():
        if isinstance(step, Act):
            yield from references(dict(step.arguments))
        elif isinstance(step, If):
            yield from references(step.condition)
    for party in (*book.agents.values(), *book.targets.values()):
        yield from references(dict(party.address))


def _secrets(document: Document, _actions: Mapping[str, Traits]) -> Iterator[Problem]:
    book = document.playbook
    for name, variable in book.variables.items():
        if _SECRET_NAME.search(name) and variable.value and not references(variable.value):
            what = say(f"{visible(name)} 里写着口令", f"{visible(name)} holds a secret in the clear")
            hint = say("改为 external: true，由启动者提供", "make it external: true")
            yield Problem("E7125", document.where("variables", name, "value"), what, hint)
    for path, text in _texts(document.located.value, ()):
        where = document.located.where(*path)
        if any(each.search(text) for each in _SECRETS):
            what = say("这里像是写着口令或密钥", "this looks like a secret in the clear")
            yield Problem("E7125", where, what, say("改用 external 变量", "use an external variable"))
        for found in _BARE.findall(text):
            if found in book.variables and "condition" not in path[-1:]:
                what = say(f"使用变量要写成 {visible(found)}:value", f"write {visible(found)}:value to use it")
                yield Problem("E7119", where, what, weight=Weight.WARNING)
        if "with" in path or "address" in path or "commands" in path:
            for name in references(text):
                if name not in book.variables:
                    what = say(f"没有变量 {visible(name)}", f"no variable {visible(name)}")
                    yield Problem("E7119", where, what, guess(name, book.variables))


def _texts(value: Plain, path: tuple[str | int, ...]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield from _texts(each, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*path, index))
