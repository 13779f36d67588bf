"""manual: a person answers yes or no. Nothing is sent; the run waits until `drill approve` or the deadline."""

from collections.abc import Mapping
from typing import Final

from secops.core.errors import SecopsError
from secops.core.language import say
from secops.drill.actions.interface import Argument, Call, Kind, Output, Prediction, Reach, Receipt, Traits
from secops.drill.actions.tools import Tools
from secops.drill.cacao.playbook import Scalar
from secops.scope.level import Level

DAY_MS: Final = 86_400_000


class Manual:
    """Asks. The engine waits by itself for steps that reach people, so `do` is never called for it."""

    def __init__(self, tools: Tools) -> None:
        """It needs none of the tools."""

    traits = Traits(
        name="manual",
        zh="人工确认",
        en="a person answers",
        reach=Reach.PEOPLE,
        level=Level.PASSIVE,
        timeout=DAY_MS,
        idempotent=True,
        slow=True,
        arguments=(Argument("question", Kind.TEXT, "要人确认的事项", "what the person is asked", required=True),),
        outputs=(Output("answer", "string", "yes 或 no", "yes or no"), Output("note", "string", "附言", "the note")),
        success="yes",
    )

    def command(self, arguments: Mapping[str, Scalar]) -> dict[str, object]:
        return {"type": "manual", "command": str(arguments["question"])}

    def predict(self, arguments: Mapping[str, Scalar]) -> Prediction:  # noqa: ARG002 - the interface
        return Prediction(
            sends=say("不发送任何数据", "nothing is sent"),
            unpredictable=(say("人何时答复、如何答复", "when and how the person answers"),),
        )

    def do(self, call: Call) -> Receipt:  # noqa: ARG002 - the interface
        raise _people()

    def probe(self, call: Call) -> Receipt | None:  # noqa: ARG002 - the interface
        return None

    def undo(self, call: Call) -> Receipt:  # noqa: ARG002 - the interface
        raise _people()


def _people() -> SecopsError:
    return SecopsError(
        "E7208", say("人工步骤没有可执行或撤销的动作", "a manual step has nothing to carry out or take back")
    )
