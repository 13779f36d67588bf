"""The whole path on this machine's loopback: lab, signed scope, discovery, ledger, grading, alerts, reports, exercise.

It uses the flows that a user would. Nothing but the demo's own lab is reached, and the lab tells who was connected to.
"""

import os
import secrets
import shutil
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from secops.core.clock import DAY_MS, Clock, SystemClock, render
from secops.core.errors import SecopsError, UsageError
from secops.core.events import Event, Note, Progress, Summary
from secops.core.finding import Severity
from secops.core.language import say
from secops.core.model import Kind
from secops.hall.app import App
from secops.hall.config import Scalar
from secops.hall.flows import alert, audit, declare, drill, grade, init, judgement, report, scope
from secops.hall.flows.discover import discover
from secops.hall.flows.discover_open import make_plan
from secops.hall.lab import declared, plan
from secops.hall.lab.serve import Ground, Lab, survey
from secops.scope.template import Draft
from secops.store import entities

MARK = ".secops-demo"
"""File that says: this folder was made by a demo and may be made anew by the next one."""
SITE = "demo"
KEY = "demo-issuer"
SCOPE = "demo.yaml"
PLAYBOOK = "yuedun-opening"
STAGES = 8
EVERY = 0.3
"""Seconds between two looks for a port of the lab."""


@dataclass(slots=True)
class Outcome:
    """What the demo came to, for the door to tell."""

    root: Path
    seconds: float = 0.0
    assets: dict[str, int] = field(default_factory=dict)
    """Kind -> how many."""
    severities: dict[str, int] = field(default_factory=dict)
    top: list[tuple[str, str, int, str]] = field(default_factory=list)
    """Severity, title of the rule, findings, an example's key; gravest first."""
    example: str = ""
    """A finding worth explaining."""
    alerts: dict[str, int] = field(default_factory=dict)
    """Where to -> how many of the alerts have arrived there."""
    transitions: int = 0
    """Alerts there are."""
    cases: int = 0
    drill_run: str = ""
    verdict: str = ""
    markers: int = 0
    untouched: list[tuple[str, str, int]] = field(default_factory=list)
    """What had to be left alone: what it is, where, connections it was given (0)."""
    audit_records: int = 0
    files: list[tuple[str, Path]] = field(default_factory=list)
    """What it is, where it lies."""

    @property
    def clean(self) -> bool:
        """Was everything that had to be left alone left alone?"""
        return bool(self.untouched) and not any(count for _, _, count in self.untouched)


class Demo:
    """One demonstration in one folder. Use as a context: the lab ends with it."""

    def __init__(self, root: Path, *, operator: str, elasticsearch: str = "", clock: Clock | None = None) -> None:
        self.operator = operator
        self.elasticsearch = elasticsearch
        self.clock = clock or SystemClock()
        self.outcome = Outcome(root.resolve())
        self._lab: Lab | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._lab is not None:
            self._lab.close()

    def linger(self, stop: Callable[[], bool]) -> None:
        """Keep the lab listening until somebody asks to end."""
        while not stop():
            self.clock.sleep(EVERY)

    def run(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Event]:
        """Every stage in turn; the Summary last. Raises UsageError for a folder that is not the demo's, SecopsError."""
        begun = self.clock.monotonic()
        clear(self.outcome.root)
        ground = survey()
        self._lab = Lab(ground)
        yield _stage(1, *_opening(ground))
        settings: dict[str, Scalar] = {"site": SITE, "report.unit": "某市政务服务数据管理局（演示）"}
        if self.elasticsearch:
            settings |= {"alert.sinks": ["jsonl", "elasticsearch"], "elasticsearch.url": self.elasticsearch}
        workspace = init.make(self.outcome.root, settings)
        (workspace.root / MARK).touch()
        with App(workspace, clock=self.clock) as app:
            for stage in (self._authorise, self._discover, self._declare, self._grade, self._alert, self._report):
                yield from stage(app, ground, stop)
                if stop():
                    break
            else:
                yield from self._exercise(app, ground, stop)
                self._look(app, ground)
            self.outcome.seconds = self.clock.monotonic() - begun
            yield self._summary(stopped=stop())

    def _authorise(self, app: App, ground: Ground, _stop: Callable[[], bool]) -> Iterator[Event]:
        workspace = app.workspace
        word = workspace.keys / f"{KEY}.passphrase"
        with os.fdopen(os.open(word, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as stream:
            stream.write(secrets.token_urlsafe(24) + "\n")
        scope.keygen(app, KEY, word)
        path = workspace.scopes / SCOPE
        scope.new(path, draft(ground, self.clock, self.operator))
        signed = scope.sign(app, path, KEY, word)
        self.outcome.files.append((say("授权书（已签名）", "signed scope"), path))
        many = signed.targets.count()
        yield _stage(
            2,
            f"签发授权书：{many} 个地址、{signed.ports.count()} 个端口；打印机端口与排除的主机永不触碰",
            f"signed scope: {many} addresses, {signed.ports.count()} ports; no printer, no excluded host",
        )

    def _discover(self, app: App, _ground: Ground, stop: Callable[[], bool]) -> Iterator[Event]:
        made = make_plan(app, str(app.workspace.scopes / SCOPE), engine="connect")
        found = yield from self._through(discover(app, made, operator=self.operator, stop=stop))
        yield _stage(
            3,
            f"发现：询问 {found.counts.get('planned', 0):,} 个端口，{found.counts.get('open', 0):,} 个开放，逐个识别",
            f"discovery: {found.counts.get('planned', 0):,} ports asked, {found.counts.get('open', 0):,} open",
        )

    def _declare(self, app: App, ground: Ground, _stop: Callable[[], bool]) -> Iterator[Event]:
        for name, text in declared.files(ground, self.clock.now()).items():
            (app.workspace.inventory / name).write_text(text, encoding="utf-8")
        done = yield from self._through(declare.declare(app, who=self.operator))
        yield _stage(
            4,
            f"登记：{done.counts.get('declared', 0)} 条单位、网段与系统，与发现的资产对上号",
            f"declared: {done.counts.get('declared', 0)} units, networks and systems joined with what was found",
        )

    def _grade(self, app: App, _ground: Ground, stop: Callable[[], bool]) -> Iterator[Event]:
        done = yield from self._through(grade.grade(app, stop=stop), quiet=True)
        self.outcome.cases = int(done.counts.get("cases_opened", 0))
        yield _stage(
            5,
            f"评判：{done.counts.get('rules', 0)} 条规则，{done.counts.get('open', 0)} 个问题，"
            f"归成 {self.outcome.cases} 张通报单",
            f"grading: {done.counts.get('rules', 0)} rules, {done.counts.get('open', 0)} findings, "
            f"{self.outcome.cases} cases",
        )

    def _alert(self, app: App, _ground: Ground, stop: Callable[[], bool]) -> Iterator[Event]:
        yield from self._through(alert.push(app, stop=stop))
        places = {"jsonl": app.workspace.alerts.name} | (
            {"elasticsearch": self.elasticsearch} if self.elasticsearch else {}
        )
        for sink, place in places.items():
            letters = list(alert.listed(app, alert.wanted(sinks=(sink,), streams=("alerts",))))
            self.outcome.transitions = len(letters)
            self.outcome.alerts[place] = sum(each["state"] == "delivered" for each in letters)
        self.outcome.files.append((say("告警（JSONL）", "alerts (JSONL)"), app.workspace.alerts))
        told = say("，", ", ").join(f"{place} {count}" for place, count in self.outcome.alerts.items())
        yield _stage(
            6,
            f"告警：{self.outcome.transitions} 条，送达 {told}",
            f"alerts: {self.outcome.transitions}, delivered to {told}",
        )

    def _report(self, app: App, _ground: Ground, _stop: Callable[[], bool]) -> Iterator[Event]:
        names = {
            ("assets", "xlsx"): say("资产台账", "asset ledger"),
            ("findings", "xlsx"): say("问题清单", "findings"),
            ("findings", "html"): say("问题清单（网页）", "findings (page)"),
        }
        for (what, format), name in names.items():
            made = report.make(app, what, format, report.Wanted())
            self.outcome.files.append((name, made.path))
        yield _stage(7, "报表：资产台账与问题清单已写出", "reports: the asset ledger and the list of findings")

    def _exercise(self, app: App, ground: Ground, stop: Callable[[], bool]) -> Iterator[Event]:
        portal = f"http://{ground.address('business', 12)}:{ground.ports[plan.WEB]}"
        made = drill.make(
            app, PLAYBOOK, str(app.workspace.scopes / SCOPE), {"__target__": portal}, operator=self.operator
        )
        done = yield from self._through(drill.apply(app, made.plan, operator=self.operator, stop=stop))
        for _ in made.book.steps:
            if done.state != "waiting" or stop():
                break
            step = next(str(each["step"]) for each in drill.steps(app, done.run)[0] if each["phase"] == "waiting")
            note = say("演示自动答复", "answered by the demo")
            drill.approve(app, done.run, step, "yes", who=self.operator, note=note)
            done = yield from self._through(drill.resume(app, done.run, operator=self.operator, stop=stop))
        self.outcome.drill_run = done.run
        self.outcome.verdict = next((each for each in done.warnings if each), done.state)
        yield _stage(8, f"演练：粤盾开场，{self.outcome.verdict}", f"exercise: {self.outcome.verdict}")

    def _look(self, app: App, ground: Ground) -> None:
        """Read the results back, as a user would, and ask the lab who was connected to."""
        assert self._lab is not None
        with app.database.read() as connection:
            kinds: Counter[str] = Counter()
            for kind in (Kind.IP, Kind.SERVICE):
                kinds.update(str(each.kind) for each in entities.stream(connection, entities.table_of(kind)))
        self.outcome.assets = dict(kinds)
        open_ones = list(judgement.listed(app, judgement.wanted((), ())))
        self.outcome.severities = dict(Counter(str(each["severity"]) for each in open_ones))
        self.outcome.top, self.outcome.example = gravest(open_ones)
        counts = self._lab.counts()
        self.outcome.markers = self._lab.markers()
        for each in plan.never_to_be_touched():
            place = ground.place(each)
            self.outcome.untouched.append((_untouchable(each), f"{place[0]}:{place[1]}", counts.get(place, 0)))
        self.outcome.audit_records = int(str(audit.verified(app)["records"]))
        self.outcome.files.append((say("审计日志", "audit log"), app.workspace.audit))

    def _through(self, events: Iterator[Event], *, quiet: bool = False) -> Generator[Event, None, Summary]:
        """The flow's progress and warnings; its Summary as the value. Its rows are kept back."""
        last: Summary | None = None
        for event in events:
            if isinstance(event, Summary):
                last = event
            elif isinstance(event, Progress) or (isinstance(event, Note) and event.warning and not quiet):
                yield event
        if last is None:
            raise SecopsError("E9103", say("演示的一步没有给出小结", "a stage of the demo gave no summary"))
        return last

    def _summary(self, *, stopped: bool) -> Summary:
        told = self.outcome
        state = "interrupted" if stopped else "done" if told.clean else "incomplete"
        touched = {what: count for what, _, count in told.untouched if count}
        return Summary(
            run=told.drill_run,
            kind="demo",
            complete=state == "done",
            counts={
                **told.assets,
                "findings": sum(told.severities.values()),
                "cases": told.cases,
                "alerts": told.transitions,
            },
            left_out=touched,
            duration_ms=round(told.seconds * 1000),
            state=state,
        )


def clear(root: Path) -> None:
    """Make room for a new demo. Raises UsageError where the folder holds anything but an earlier demo."""
    if not root.exists() or not any(root.iterdir()):
        return
    if not (root / MARK).is_file():
        raise UsageError(
            "E1104",
            say("目录不为空，也不是演示留下的", "the folder is not empty and was not made by a demo"),
            where=str(root),
            hint=say("换一个目录：secops demo 新目录", "name another folder: secops demo DIR"),
        )
    shutil.rmtree(root)


def draft(ground: Ground, clock: Clock, operator: str) -> Draft:
    """The demo's authorisation: the four zones, the lab's ports, one host excluded by name."""
    now = clock.now()
    excluded = [each for each in plan.SERVICES if each.about.get("excluded")]
    return Draft(
        title="某市政务外网安全检测授权书（演示）",
        site=SITE,
        basis="《中华人民共和国网络安全法》第三十八条（演示用，非真实授权）",
        document="演示〔2026〕1号",
        issuer="某市政务服务数据管理局（虚构）",
        valid_from=render(now)[:10],
        valid_until=render(now + 7 * DAY_MS)[:10],
        include=[f"{ground.address(zone, 0)}/{plan.NETWORK_BITS}" for zone in plan.LETTERS if zone != "outside"],
        exclude=[ground.address(each.zone, each.host) for each in excluded],
        ports=[str(port) for port in sorted(ground.ports.values())],
        operators=[operator],
        pps=4_000,
        pps_per_host=400,
        level=1,
        loopback=True,
    )


def gravest(rows: Iterable[Mapping[str, object]], most: int = 8) -> tuple[list[tuple[str, str, int, str]], str]:
    """Open findings by rule: severity, title, how many, an example's key; gravest first. And the gravest one's id."""
    groups: dict[tuple[str, str], list[Mapping[str, object]]] = {}
    for each in rows:
        groups.setdefault((str(each["severity"]), str(each["title"])), []).append(each)
    order = sorted(groups, key=lambda pair: (-Severity(pair[0]).rank, -len(groups[pair]), pair[1]))
    top = [(*pair, len(groups[pair]), str(groups[pair][0]["key"])) for pair in order[:most]]
    return top, str(groups[order[0]][0]["id"]) if order else ""


def _stage(number: int, zh: str, en: str) -> Note:
    return Note(f"[{number}/{STAGES}] {say(zh, en)}")


def _opening(ground: Ground) -> tuple[str, str]:
    hosts = len({(each.zone, each.host) for each in plan.SERVICES})
    where = f"127.{ground.octet}.0.0/16"
    return f"靶场已在 {where} 监听：{hosts} 台主机", f"the lab listens on {where}: {hosts} hosts"


def _untouchable(service: plan.Service) -> str:
    if service.port == plan.PRINTER:
        return say("打印机端口", "printer port")
    if service.zone == "outside":
        return say("授权外网站（有网页跳转指向它）", "site outside the scope, a redirect points at it")
    return say("授权书排除的主机", "host excluded by the scope")
