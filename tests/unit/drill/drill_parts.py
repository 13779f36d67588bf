"""Playbooks, actions and a ledger in memory, shared by the tests of the drill room."""

from dataclasses import dataclass, field

from secops.core.clock import Instant
from secops.core.model import Status
from secops.drill.actions.interface import Level, Outcome, Prediction, Reach, Receipt, Traits
from secops.drill.actions.tools import Found
from secops.drill.cacao.playbook import Act, End, Exits, If, Party, Playbook, Start, Variable


@dataclass
class Outside:
    """Wire and scanner that only remember."""

    said: list = field(default_factory=list)
    answer: tuple = (Status.SUCCESS, None, "")
    refused: str = ""

    def talk(self, host, port, converse):
        self.said.append((host, port))
        return self.answer

    def refusal(self, host, port, level):
        return self.refused

    def predict(self, request):
        return Prediction("scan", 8, 24, 5)

    def scan(self, request, *, halted):
        self.said.append(request)
        return Found("d1", 3, 2, complete=True)


@dataclass
class Doing:
    """An action that counts what it was told to do."""

    name: str = "mark"
    idempotent: bool = False
    reach: Reach = Reach.TARGET
    done: list = field(default_factory=list)
    receipt: Receipt = field(default_factory=lambda: Receipt(Outcome.SUCCEEDED, {"count": "1"}))
    probed: Receipt | None = None
    on_do: object = None

    @property
    def traits(self):
        return Traits(self.name, "", "", self.reach, Level.GENTLE, 30_000, idempotent=self.idempotent)

    def command(self, arguments):
        return {"type": "manual", "command": "x"}

    def predict(self, arguments):
        return Prediction("")

    def do(self, call):
        self.done.append((call.step, call.attempt, call.token))
        if self.on_do:
            self.on_do(call)
        return self.receipt

    def probe(self, call):
        return self.probed

    def undo(self, call):
        return Receipt(Outcome.SUCCEEDED)


@dataclass
class Rows:
    """A ledger in memory."""

    rows: list = field(default_factory=list)

    def records(self, after):
        return self.rows[after:]

    def append(self, record):
        if record.no != len(self.rows) + 1:
            return False
        self.rows.append(record)
        return True


def playbook(**changes):
    """Start -> ask -> mark -> look -> if (count > 0) -> end."""
    steps = [
        Start("begin", Exits(completion="ask")),
        Act("ask", "manual", "staff", Exits(success="mark", failure="refused"), {"question": "?"}, timeout=60_000),
        Act("mark", "mark", "box", Exits(completion="look"), outputs={"__count__": "count"}),
        Act("look", "look", "box", Exits(completion="choose")),
        If("choose", "__count__:value > 0", "good", Exits(completion="over"), "bad"),
        End("good", "good"),
        End("bad", "bad"),
        End("over"),
        End("refused", "refused"),
        Act("handler", "manual", "staff", Exits(completion="handled"), {"question": "!"}),
        End("handled"),
    ]
    given = {
        "key": "test-book", "name": "t", "author": "a",
        "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
        "start": "begin", "exception": "handler",
        "variables": {"__count__": Variable("__count__", "integer")},
        "agents": {"staff": Party("staff", "organization"), "box": Party("box", "security-category", category=("x",))},
        "steps": {each.name: each for each in steps},
    }  # fmt: skip
    return Playbook(**(given | changes))


T0 = Instant(1_000_000)
