"""http_marker: one HTTP request that carries a unique token where a defender's sensors should see it.

Benign: GET or HEAD of a page, the token in the header `X-Secops-Marker` and, where the path says `{token}`, there.
Not idempotent: a second request would be a second marker. Success is a 2xx or 3xx answer; redirects are not followed.
"""

import re
from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlsplit

from secops.core.errors import SecopsError
from secops.core.language import say
from secops.core.model import Status
from secops.dial.conversation import Answer, Command, Failed, Receive, Received, Secured, Send, StartTls
from secops.drill.actions.interface import (
    Argument,
    Call,
    Kind,
    Outcome,
    Output,
    Prediction,
    Reach,
    Receipt,
    Traits,
)
from secops.drill.actions.tools import Tools
from secops.drill.cacao.playbook import Scalar
from secops.scope.level import Level

HEADER: Final = "X-Secops-Marker"
PACKETS: Final = 3
"""A connect and two flights, as the lease counts."""
_HEAD_MOST: Final = 8_192
_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL points: scheme, host without brackets, port, path with query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """For the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == {"http": 80, "https": 443}[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the status, 0 where none came; `sent` once the request was handed to the network."""

    sent: bool = False
    status: int = 0
    detail: str = ""


class HttpMarker:
    """Sends one marker."""

    traits = Traits(
        name="http_marker",
        zh="HTTP 良性标记",
        en="benign HTTP marker",
        reach=Reach.TARGET,
        level=Level.GENTLE,
        timeout=30_000,
        arguments=(
            Argument("url", Kind.URL, "目标地址", "the target", required=True),
            Argument("path", Kind.PATH, "路径，可含 {token}", "path, may hold {token}"),
            Argument("method", Kind.TEXT, "GET 或 HEAD", "GET or HEAD"),
            Argument(
                "seen", Kind.PATH, "查询标记是否已收到的路径: 200 是, 404 否", "path that tells: 200 seen, 404 not"
            ),
        ),
        outputs=(
            Output("status", "integer", "HTTP 状态码，无应答为 0", "HTTP status, 0 where none came"),
            Output("token", "string", "标记", "the marker"),
        ),
        success="HTTP 2xx, 3xx",
    )

    def __init__(self, tools: Tools) -> None:
        self._wire = tools.wire

    def command(self, arguments: Mapping[str, Scalar]) -> dict[str, object]:
        path = str(arguments.get("path") or "/")
        url = str(arguments["url"]).rstrip("/")
        return {
            "type": "http-api",
            "command": f"{arguments.get('method') or 'GET'} {url}{path} HTTP/1.1",
            "headers": {HEADER: ["{token}"]},
        }

    def predict(self, arguments: Mapping[str, Scalar]) -> Prediction:
        place, method = located(arguments)
        return Prediction(
            sends=f"{method} {place.scheme}://{place.authority}{place.path}  {HEADER}: {{token}}",
            targets=1,
            packets=PACKETS,
            seconds=_SECONDS,
            refused=self._wire.refusal(place.host, place.port, self.traits.level),
            unpredictable=(say("目标的应答", "what the target answers"),),
        )

    def do(self, call: Call) -> Receipt:
        place, method = located(call.arguments)
        reply, status, detail = self._ask(place, method, call, mark=True)
        outputs = {"status": str(reply.status), "token": call.token}
        if reply.status:
            good = 200 <= reply.status < 400
            return Receipt(Outcome.SUCCEEDED if good else Outcome.FAILED, outputs, f"HTTP {reply.status}")
        why = detail or reply.detail or str(status)
        if reply.sent:
            return Receipt(Outcome.FAILED, outputs, say(f"已发出，没有应答: {why}", f"sent, no answer: {why}"))
        return Receipt(Outcome.BROKEN, outputs, say(f"没有发出: {why}", f"not sent: {why}"))

    def probe(self, call: Call) -> Receipt | None:
        seen = str(call.arguments.get("seen") or "")
        if not seen:
            return None
        place, _ = located({**call.arguments, "path": seen})
        reply, _, _ = self._ask(place, "GET", call, mark=False)
        outputs = {"status": "0", "token": call.token}
        if reply.status == 200:
            return Receipt(Outcome.SUCCEEDED, outputs, say("目标说已收到", "the target has seen it"))
        if reply.status == 404:
            return Receipt(Outcome.BROKEN, outputs, say("目标说没有收到", "the target has not seen it"))
        return None

    def undo(self, call: Call) -> Receipt:  # noqa: ARG002 - the interface
        raise SecopsError("E7208", say("标记请求发出后不能撤销", "a marker that was sent cannot be taken back"))

    def _ask(self, place: Place, method: str, call: Call, *, mark: bool) -> tuple[Reply, Status, str]:
        there = replace(place, path=place.path.replace("{token}", call.token))
        state = _Sending()
        seconds = max(0.1, min(_SECONDS, call.seconds))
        token = call.token if mark else ""
        status, reply, detail = self._wire.talk(
            there.host, there.port, lambda: converse(there, method, token, seconds, state)
        )
        return reply if isinstance(reply, Reply) else Reply(sent=state.sent), status, detail


@dataclass(slots=True)
class _Sending:
    """Survives the conversation's being cut."""

    sent: bool = False


def converse(
    place: Place, method: str, token: str, seconds: float, sending: "_Sending | None" = None
) -> Generator[Command, Answer, Reply]:
    """One request and the status line of its answer; the token goes out in the header unless it is empty."""
    state = sending or _Sending()
    if place.scheme == "https":
        secured = yield StartTls("" if _numeric(place.host) else place.host)
        if not isinstance(secured, Secured):
            return Reply(detail=_why(secured))
    lines = [f"{method} {place.path} HTTP/1.1", f"Host: {place.authority}", "User-Agent: secops", "Accept: */*"]
    if token:
        lines.append(f"{HEADER}: {token}")
    lines += ["Connection: close", "", ""]
    state.sent = True
    answer = yield Send("\r\n".join(lines).encode("ascii"))
    if isinstance(answer, Failed):
        return Reply(sent=True, detail=_why(answer))
    answer = yield Receive(_HEAD_MOST, seconds, b"\r\n")
    if not isinstance(answer, Received):
        return Reply(sent=True, detail=_why(answer))
    return Reply(sent=True, status=_status(answer.data), detail="" if _status(answer.data) else "no HTTP")


def located(arguments: Mapping[str, Scalar]) -> tuple[Place, str]:
    """The place and method the arguments name. Raises SecopsError E7112."""
    place = read_url(str(arguments.get("url", "")))
    path = str(arguments.get("path") or "") or place.path
    method = str(arguments.get("method") or "GET")
    if not path.startswith("/") or not all("!" <= c <= "~" for c in path) or len(path) > 2000:
        raise _wrong("path", path)
    if method not in {"GET", "HEAD"}:
        raise _wrong("method", method)
    return replace(place, path=path), method


def read_url(text: str) -> Place:
    """The parts of an http or https URL. Raises SecopsError E7112 for anything else."""
    try:
        parts = urlsplit(text)
        port = parts.port or {"http": 80, "https": 443}.get(parts.scheme, 0)
    except ValueError as error:
        raise _wrong("url", text) from error
    host = parts.hostname or ""
    odd = parts.username is not None or parts.fragment or not all("!" <= c <= "~" for c in text) or len(text) > 2000
    if parts.scheme not in {"http", "https"} or not host or not port or odd:
        raise _wrong("url", text)
    return Place(parts.scheme, host, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


def _wrong(name: str, value: str) -> SecopsError:
    shown = re.sub(r"://[^/@]*@", "://***@", value)[:80].encode("unicode_escape").decode()
    return SecopsError("E7112", say(f"参数 {name} 的值不可用: {shown}", f"argument {name} cannot be used: {shown}"))


def _numeric(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _status(data: bytes) -> int:
    parts = data.split(b"\r\n", 1)[0].split(b" ", 2)
    good = len(parts) >= 2 and parts[0].startswith(b"HTTP/1.") and len(parts[1]) == 3 and parts[1].isdigit()
    return int(parts[1]) if good else 0


def _why(answer: Answer) -> str:
    return f"{answer.status} {answer.detail}".strip() if isinstance(answer, Failed) else "unexpected answer"
