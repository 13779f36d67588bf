"""What actions reach the world with: conversations under the scope's Gate, and discovery runs in the same scope."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from secops.core.errors import Refused, SecopsError, UsageError
from secops.core.events import Row, Started, Summary
from secops.core.language import say
from secops.core.model import Status, Target
from secops.dial.conversation import Conversation
from secops.dial.loop import Loop
from secops.dial.resolver import Resolver, read_hosts
from secops.dial.talk import Bounds, Job
from secops.discover.plan import Plan as ScanPlan
from secops.discover.plan import check, estimate
from secops.drill.actions.interface import Action, Prediction
from secops.drill.actions.tools import Found, Request, Tools
from secops.hall.app import App
from secops.hall.flows.discover import discover
from secops.hall.flows.discover_open import make_plan
from secops.hall.plugins import ACTIONS, load
from secops.scope import denied
from secops.scope.document import Scope
from secops.scope.gate import Gate
from secops.scope.intervals import IntervalSet
from secops.scope.level import Level


@dataclass(slots=True)
class World:
    """One scope's ways out. The Gate is opened with the first conversation, so that planning opens none."""

    app: App
    scope: Scope
    operator: str
    gate: Gate | None = None
    resolver: Resolver = field(init=False)

    def __post_init__(self) -> None:
        hosts = read_hosts(self.app.workspace.root / self.scope.hosts) if self.scope.hosts else {}
        self.resolver = Resolver(self.scope.resolvers, self.app.clock, hosts=hosts)

    def actions(self) -> dict[str, Action]:
        """Every action, with its tools."""
        tools = Tools(self, self)
        return {name: load(place)(tools) for name, place in ACTIONS.items()}

    def open(self) -> Gate:
        """The Gate. Raises Refused."""
        if self.gate is None:
            self.gate = Gate(
                self.scope,
                clock=self.app.clock,
                audit=self.app.audit,
                epoch=self.app.epoch,
                operator=self.operator,
            )
        return self.gate

    def close(self) -> None:
        """Write the audit's summary."""
        if self.gate is not None:
            self.gate.close()

    def talk(self, host: str, port: int, converse: Callable[[], Conversation]) -> tuple[Status, object, str]:
        """One conversation with the first address of the host that is in scope. Raises Refused."""
        gate = self.open()
        inside = [each for each in self.resolver.resolve(host) if gate.admits(each, port)]
        if not inside:
            gate.refuse(host, port, "drill target out of scope")
            return Status.OUT_OF_SCOPE, None, say("目标不在授权范围内", "the target is out of scope")
        loop = Loop(gate, self.app.clock, pps_per_host=self.scope.pps_per_host, bounds=Bounds(concurrency=1))
        for outcome in loop.run([Job(Target(inside[0], port), converse)]):
            return outcome.status, outcome.result, outcome.detail
        return Status.UNREACHABLE, None, ""

    def refusal(self, host: str, port: int, level: Level) -> str:
        """Why the Gate would refuse; a name is not asked for here, because asking is sending."""
        scope = self.scope
        if level > scope.level:
            return say(
                f"动作级别 {int(level)} 高于授权的 {int(scope.level)}", f"level {int(level)} is above the scope's"
            )
        if port in denied.PORTS:
            return denied.why(port)
        if port not in scope.ports:
            return say(f"端口 {port} 不在授权内", f"port {port} is not in the scope")
        if self._numeric(host) and host not in scope.targets:
            return say(f"{host} 不在授权范围内", f"{host} is out of scope")
        return ""

    def predict(self, request: Request) -> Prediction:
        """What the scan would send. Raises SecopsError."""
        made = self._scan_plan(request)
        guess = estimate(made)
        return Prediction(
            sends=say(
                f"{made.engine} 探测 {guess.addresses} 个地址的 {len(made.ports)} 个端口，再识别开放的服务",
                f"{made.engine}: {guess.addresses} addresses, {len(made.ports)} ports, then identify what is open",
            ),
            targets=guess.targets,
            packets=guess.packets,
            seconds=guess.seconds,
            unpredictable=(
                say("开放端口数，因而识别报文数", "how many ports are open, hence packets of identification"),
            ),
        )

    def scan(self, request: Request, *, halted: Callable[[], bool]) -> Found:
        """A discovery run. Raises SecopsError."""
        run, summary, places = "", None, set[tuple[str, int]]()
        for event in discover(self.app, self._scan_plan(request), operator=self.operator, stop=halted):
            if isinstance(event, Started):
                run = event.run
            elif isinstance(event, Row) and event.type == "observation":
                places.add((str(event.data["address"]), int(str(event.data["port"]))))
            elif isinstance(event, Summary) and event.kind == "discover":
                summary = event
        if summary is None:
            raise SecopsError("E7209", say("扫描没有给出小结", "the scan gave no summary"))
        detail = f"discover {run}: {summary.state}"
        return Found(run, len(places), len({address for address, _ in places}), summary.complete, detail)

    def _scan_plan(self, request: Request) -> ScanPlan:
        made = make_plan(self.app, self.scope.id, ports=request.ports)
        if made.scope_digest != self.scope.digest:
            raise Refused("E7202", say("授权书在运行中被改动", "the scope changed meanwhile"), where=self.scope.id)
        if not request.networks:
            return made
        try:
            wanted = IntervalSet.parse(request.networks.replace(",", " ").split())
        except ValueError as error:
            raise UsageError("E7112", say("networks 看不懂", "networks is not understood"), why=str(error)) from error
        outside = wanted.minus(self.scope.targets)
        if outside:
            raise Refused("E7126", say("扫描范围超出授权", "the networks leave the scope"), where=str(outside)[:200])
        narrowed = replace(made, targets=tuple(wanted.networks()))
        check(narrowed)
        return narrowed

    @staticmethod
    def _numeric(host: str) -> bool:
        return ":" in host or host.replace(".", "").isdigit()


class Nowhere:
    """Tools for reading: an action made with them can be described, and reaches nothing."""

    def talk(self, host: str, port: int, converse: Callable[[], Conversation]) -> tuple[Status, object, str]:  # noqa: ARG002 - the port
        """Never. Raises Refused."""
        raise Refused("E7202", say("只有 apply 与 resume 会发送", "only apply and resume send"))

    def refusal(self, host: str, port: int, level: Level) -> str:  # noqa: ARG002 - the port
        """Not known without a scope."""
        return ""

    def predict(self, request: Request) -> Prediction:  # noqa: ARG002 - the port
        """Not known without a scope."""
        return Prediction(sends="")

    def scan(self, request: Request, *, halted: Callable[[], bool]) -> Found:  # noqa: ARG002 - the port
        """Never. Raises Refused."""
        raise Refused("E7202", say("只有 apply 与 resume 会发送", "only apply and resume send"))


def described() -> dict[str, Action]:
    """Every action, without a way out."""
    tools = Tools(Nowhere(), Nowhere())
    return {name: load(place)(tools) for name, place in ACTIONS.items()}
