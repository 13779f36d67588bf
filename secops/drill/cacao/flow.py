"""Where the steps of a playbook lead: dangling, unreachable, circular, ending nowhere, or mixed between branches."""

from collections.abc import Iterator

from secops.core.language import say
from secops.drill.cacao.document import Document
from secops.drill.cacao.playbook import Act, End, Exits, If, Start, Step, ways
from secops.drill.cacao.problem import Problem, guess
from secops.scope.yaml_source import visible

_EXITS = ("on_completion", "on_success", "on_failure")


def check(document: Document) -> Iterator[Problem]:
    """Everything wrong with the flow."""
    yield from _presence(document)
    for step in document.playbook.steps.values():
        if not isinstance(step, End):
            yield from _exits(document, step, step.exits)
    yield from _pointers(document)
    circular = list(_cycles(document))
    yield from circular
    yield from _unreachable(document)
    if not circular:
        yield from _branches(document)


def _presence(document: Document) -> Iterator[Problem]:
    book = document.playbook
    starts = [step.name for step in book.steps.values() if isinstance(step, Start)]
    where = document.where_key("steps")
    if not starts:
        yield Problem("E7129", where, say("缺少 start 步骤", "there is no start step"))
    for name in starts[1:]:
        what = say("只能有一个 start 步骤", "there is one start step only")
        yield Problem("E7129", document.where_key("steps", name), what)
    if not any(isinstance(step, End) for step in book.steps.values()):
        yield Problem("E7116", where, say("缺少 end 步骤", "there is no end step"))
    if not any(isinstance(step, Act) for step in book.steps.values()):
        yield Problem("E7116", where, say("至少要有一个 action 步骤", "there must be an action step"))


def _exits(document: Document, step: Start | Act | If, exits: Exits) -> Iterator[Problem]:
    where = document.where_key("steps", step.name)
    if exits.completion and (exits.success or exits.failure):
        what = say(
            "on_completion 与 on_success、on_failure 不能并用", "on_completion excludes on_success and on_failure"
        )
        yield Problem("E7118", document.where_key("steps", step.name, "on_completion"), what)
    if isinstance(step, Start) and (exits.success or exits.failure):
        key = "on_success" if exits.success else "on_failure"
        what = say(f"start 步骤不能有 {key}", f"a start step has no {key}")
        yield Problem("E7118", document.where_key("steps", step.name, key), what, "on_completion")
    elif not exits.completion and not exits.success:
        what = say(
            f"步骤 {visible(step.name)} 之后没有去处，每条路都要走到 end",
            f"nothing follows {visible(step.name)}; every path leads to an end",
        )
        yield Problem("E7116", where, what, "on_completion: …")


def _pointers(document: Document) -> Iterator[Problem]:
    book = document.playbook
    pointers = [("", "exception", book.exception)]
    for step in book.steps.values():
        if isinstance(step, End):
            continue
        pairs = zip(_EXITS, (step.exits.completion, step.exits.success, step.exits.failure), strict=True)
        pointers += [(step.name, key, name) for key, name in pairs]
        if isinstance(step, If):
            pointers += [(step.name, "on_true", step.on_true), (step.name, "on_false", step.on_false)]
    for owner, key, name in pointers:
        if not name:
            continue
        where = document.where("steps", owner, key) if owner else document.where(key)
        if name not in book.steps:
            if _written(document, name):
                continue
            what = say(f"没有步骤 {visible(name)}", f"no step {visible(name)}")
            yield Problem("E7113", where, what, guess(name, book.steps))
        elif isinstance(book.steps[name], Start):
            yield Problem("E7129", where, say("不能走回 start 步骤", "nothing leads to the start step"))


def _written(document: Document, name: str) -> bool:
    """A step that stands in the file but could not be understood has its own finding already."""
    value = document.located.value
    steps = value.get(document.sections.get("steps", "steps")) if isinstance(value, dict) else None
    return isinstance(steps, dict) and name in steps


def _cycles(document: Document) -> Iterator[Problem]:
    steps = document.playbook.steps
    done: set[str] = set()
    for root in steps:
        path: list[tuple[str, Iterator[str]]] = []
        if root in done:
            continue
        path.append((root, iter(ways(steps[root]))))
        on_path = {root}
        while path:
            name, rest = path[-1]
            following = next(rest, None)
            if following is None:
                done.add(name)
                on_path.discard(name)
                path.pop()
            elif following in on_path:
                circle = [each for each, _ in path]
                shown = " → ".join([*circle[circle.index(following) :], following])
                what = say(f"步骤绕成了圈: {visible(shown, 200)}", f"the steps go in a circle: {visible(shown, 200)}")
                yield Problem("E7115", document.where("steps", name, _pointer(steps[name], following)), what)
            elif following in steps and following not in done:
                on_path.add(following)
                path.append((following, iter(ways(steps[following]))))


def _pointer(step: Step, to: str) -> str:
    if isinstance(step, End):
        return "type"
    for key, name in zip(_EXITS, (step.exits.completion, step.exits.success, step.exits.failure), strict=True):
        if name == to:
            return key
    return "on_true" if isinstance(step, If) and step.on_true == to else "on_false"


def _unreachable(document: Document) -> Iterator[Problem]:
    """The first step of each part nothing leads to; silent while a step could not even be read."""
    book = document.playbook
    if not book.start or any(each.code in {"E7101", "E7110"} for each in document.problems):
        return
    seen: set[str] = set()
    _reach(document, (book.start, book.exception), seen)
    lost = [name for name, step in book.steps.items() if name not in seen and not isinstance(step, Start)]
    led = {each for name in lost for each in ways(book.steps[name])}
    for name in sorted(lost, key=lambda each: each in led):
        if name not in seen:
            _reach(document, (name,), seen)
            what = say(f"没有路走到步骤 {visible(name)}", f"nothing leads to {visible(name)}")
            yield Problem("E7114", document.where_key("steps", name), what)


def _reach(document: Document, roots: tuple[str, ...], seen: set[str]) -> None:
    steps = document.playbook.steps
    todo = list(roots)
    while todo:
        name = todo.pop()
        if name in steps and name not in seen:
            seen.add(name)
            todo += ways(steps[name])


def _branches(document: Document) -> Iterator[Problem]:
    """Each branch has steps and an end of its own: a step reached from two of them is a join by pointer."""
    book = document.playbook
    owner: dict[str, str] = {}
    todo = [("", book.start), (say("异常处理", "exception"), book.exception)]
    while todo:
        frame, entry = todo.pop(0)
        stack, seen = [entry], set[str]()
        while stack:
            name = stack.pop()
            step = book.steps.get(name)
            if step is None or name in seen:
                continue
            seen.add(name)
            if owner.setdefault(name, frame) != frame:
                one, other = (visible(each) or say("主线", "the main line") for each in (owner[name], frame))
                what = say(
                    f"步骤 {visible(name)} 同时属于两个分支（{one}、{other}），每个分支要有自己的 end",
                    f"{visible(name)} belongs to two branches ({one}, {other}); each has an end of its own",
                )
                yield Problem("E7117", document.where_key("steps", name), what)
                continue
            if isinstance(step, If):
                todo += [(f"{name} on_true", step.on_true), (f"{name} on_false", step.on_false)]
            if not isinstance(step, End):
                stack += list(step.exits)
