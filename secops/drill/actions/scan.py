"""scan: a discovery run inside the scope. Idempotent: looking twice is looking."""

from collections.abc import Mapping

from secops.core.errors import SecopsError
from secops.core.language import say
from secops.drill.actions.interface import Argument, Call, Kind, Outcome, Output, Prediction, Reach, Receipt, Traits
from secops.drill.actions.tools import Request, Tools
from secops.drill.cacao.playbook import Scalar
from secops.scope.level import Level


class Scan:
    """Looks what is there."""

    traits = Traits(
        name="scan",
        zh="授权范围内扫描",
        en="scan in scope",
        reach=Reach.SCOPE,
        level=Level.GENTLE,
        timeout=3_600_000,
        idempotent=True,
        slow=True,
        arguments=(
            Argument("networks", Kind.NETWORKS, "扫描范围，缺省为全部授权范围", "what to scan, else all of the scope"),
            Argument("ports", Kind.PORTS, "端口，缺省为授权书所列", "ports, else those of the scope"),
        ),
        outputs=(
            Output("open_services", "integer", "开放服务数", "open services"),
            Output("addresses", "integer", "有开放服务的地址数", "addresses with an open service"),
            Output("scan_run", "string", "扫描任务编号", "the discovery run"),
        ),
        success="complete",
    )

    def __init__(self, tools: Tools) -> None:
        self._scanner = tools.scanner

    def command(self, arguments: Mapping[str, Scalar]) -> dict[str, object]:
        options = "".join(f" --{name} '{arguments[name]}'" for name in ("networks", "ports") if arguments.get(name))
        return {"type": "bash", "command": f"secops discover run --yes{options}"}

    def predict(self, arguments: Mapping[str, Scalar]) -> Prediction:
        return self._scanner.predict(_request(arguments))

    def do(self, call: Call) -> Receipt:
        found = self._scanner.scan(_request(call.arguments), halted=call.halted)
        outputs = {
            "open_services": str(found.open_services),
            "addresses": str(found.addresses),
            "scan_run": found.run,
        }
        return Receipt(Outcome.SUCCEEDED if found.complete else Outcome.FAILED, outputs, found.detail)

    def probe(self, call: Call) -> Receipt | None:  # noqa: ARG002 - the interface
        return None

    def undo(self, call: Call) -> Receipt:  # noqa: ARG002 - the interface
        raise SecopsError("E7208", say("扫描没有可撤销的影响", "a scan leaves nothing to take back"))


def _request(arguments: Mapping[str, Scalar]) -> Request:
    return Request(str(arguments.get("networks") or ""), str(arguments.get("ports") or ""))
