"""Alerts to Elasticsearch 8.19 and 9.x: a data stream of immutable transitions and plain indices of present states.

Exactly once by id: a transition is written with `create` and its own id; 409 means it is there. Ids are unique only
within a backing index, so a letter whose last sending has no answer is searched across the whole stream, after a
refresh, before it is sent again: a rollover in between changes nothing. Present states carry external versions.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from elastic_transport import SerializationError, TlsError, TransportError
from elasticsearch import ApiError, Elasticsearch, UnsupportedProductError
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from secops.core.errors import SinkError, UsageError
from secops.core.ids import canonical
from secops.core.language import say
from secops.core.letter import Letter, Outcome, Receipt, Stream
from secops.deliver.sinks import answers, templates

BULK = 5 << 20
"""Largest body of one request, in bytes; one larger document goes alone."""
QUIET = 2.0
"""Seconds before a letter in doubt is looked for: what is still on its way has arrived by then."""
TIMEOUT = 30.0
TOO_LARGE = 413
NDJSON = {"content-type": "application/x-ndjson", "accept": "application/json"}
JSON = {"content-type": "application/json", "accept": "application/json"}


@dataclass(frozen=True, slots=True)
class Access:
    """Where the cluster is and how to be let in. Secrets are read from files, never from settings or URLs."""

    url: str
    user: str = ""
    password_file: str = ""
    api_key_file: str = ""
    ca_file: str = ""

    def client(self, **more: Any) -> Elasticsearch:
        """A client for it. Raises UsageError for an address or a file that cannot be used."""
        self._check()
        options: dict[str, Any] = {"request_timeout": TIMEOUT, "max_retries": 0, "retry_on_timeout": False} | more
        if self.api_key_file:
            options["api_key"] = _secret(self.api_key_file)
        elif self.user:
            options["basic_auth"] = (self.user, _secret(self.password_file))
        if self.ca_file:
            options["ca_certs"] = self.ca_file
        parts = urlsplit(self.url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return Elasticsearch(f"{parts.scheme}://{host}:{port}{parts.path}", **options)

    def _check(self) -> None:
        parts = urlsplit(self.url)
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                "E6101",
                say("Elasticsearch 地址里不能写用户名或口令", "the Elasticsearch URL must not hold a user or password"),
                where="elasticsearch.url",
                hint=say(
                    "用 elasticsearch.user 与 elasticsearch.password_file", "elasticsearch.user and password_file"
                ),
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(
                "E6102",
                say(
                    "Elasticsearch 地址应为 http(s)://主机:端口", "the Elasticsearch URL should be http(s)://host:port"
                ),
                where="elasticsearch.url",
                why=self.url,
            )
        secret = self.api_key_file or self.user
        if secret and parts.scheme == "http" and parts.hostname not in {"localhost", "127.0.0.1", "::1"}:
            raise UsageError(
                "E6103",
                say(
                    "不会用明文 http 把口令发往另一台机器", "a password is not sent to another machine over plain http"
                ),
                where="elasticsearch.url",
                hint=say("改用 https，并用 elasticsearch.ca_file 指定 CA", "use https, with elasticsearch.ca_file"),
            )


class ElasticsearchSink:
    """Writes the alerts and findings of one workspace to one cluster."""

    def __init__(self, access: Access, *, name: str = "elasticsearch", client: Elasticsearch | None = None) -> None:
        self.name = name
        self.url = access.url
        self._client = client or access.client()

    def open(self) -> Sequence[str]:
        """Install templates where the server has none or older ones. Raises SinkError."""
        remarks: list[str] = []
        try:
            with_policy = self._install_policy(remarks)
            for piece in (templates.mappings(), *templates.indices(with_policy=with_policy)):
                if self._edition(piece.path) < templates.EDITION:
                    self._ask("PUT", piece.path, piece.body)
        except (ApiError, TransportError, UnsupportedProductError) as error:
            raise self._refused(error) from error
        return remarks

    def send(self, letters: Sequence[Letter]) -> Sequence[Receipt]:
        """Settle the doubtful ones by a search, then send what is not there."""
        doubtful = [each for each in letters if each.doubtful and each.stream is Stream.ALERTS]
        receipts: list[Receipt] = []
        if doubtful:
            receipts = self._settle(doubtful)
        done = {each.seq for each in receipts}
        for chunk in _chunks([each for each in letters if each.seq not in done]):
            receipts.extend(self._bulk(chunk))
        return receipts

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _settle(self, letters: Sequence[Letter]) -> list[Receipt]:
        """Receipts of those that are there, or of all as still unknown when the server cannot tell."""
        query = {
            "query": {"ids": {"values": [each.id for each in letters]}},
            "size": len(letters),
            "_source": False,
            "track_total_hits": False,
        }
        try:
            self._ask("POST", f"/{templates.STREAM}/_refresh")
            path = f"/{templates.STREAM}/_search?allow_partial_search_results=false&filter_path=hits.hits._id,_shards"
            answer = self._ask("POST", path, query)
        except ApiError as error:
            if error.status_code == 404:
                return []
            return [Receipt(each.seq, Outcome.UNKNOWN, _told(error), QUIET) for each in letters]
        except (TransportError, UnsupportedProductError) as error:
            return [Receipt(each.seq, Outcome.UNKNOWN, _told(error), QUIET) for each in letters]
        if answer.get("_shards", {}).get("failed", 0):
            return [Receipt(each.seq, Outcome.UNKNOWN, "search: shards failed", QUIET) for each in letters]
        there = {hit["_id"] for hit in answer.get("hits", {}).get("hits", ())}
        return [Receipt(each.seq, Outcome.DELIVERED, "found") for each in letters if each.id in there]

    def _bulk(self, letters: Sequence[Letter]) -> list[Receipt]:
        """One bulk request; split in halves where the server will not take it whole."""
        body = "".join(f"{_action(each)}\n{each.body}\n" for each in letters).encode()
        try:
            path = "/_bulk?filter_path=errors,items.*.status,items.*.error"
            answer = self._client.perform_request("POST", path, headers=NDJSON, body=body).body
        except ApiError as error:
            return self._bulk_refused(letters, error)
        except (TransportError, UnsupportedProductError) as error:
            return _lost(letters, error)
        return answers.bulk(letters, answer if isinstance(answer, dict) else {})

    def _bulk_refused(self, letters: Sequence[Letter], error: ApiError) -> list[Receipt]:
        status = error.status_code
        if status in {400, TOO_LARGE} and len(letters) > 1:
            half = len(letters) // 2
            return [*self._bulk(letters[:half]), *self._bulk(letters[half:])]
        after = answers.retry_after(error.meta.headers)
        receipts = [answers.whole(each, status, error.body) for each in letters]
        return [replace(each, after=max(after, QUIET if each.outcome is Outcome.UNKNOWN else 0.0)) for each in receipts]

    def _install_policy(self, remarks: list[str]) -> bool:
        """Whether the server keeps our life-cycle policy; an existing one is left as its owner made it."""
        piece = templates.policy()
        try:
            self._ask("GET", piece.path)
            return True
        except ApiError as error:
            status = error.status_code
            if status >= 500 or status == 429:
                raise
        if status == 404:
            try:
                self._ask("PUT", piece.path, piece.body)
                return True
            except ApiError as error:
                status = error.status_code
                if status >= 500 or status == 429:
                    raise
        remarks.append(
            say(
                f"服务器不提供生命周期管理（{status}），未安装滚动策略，请自行安排滚动与保留",
                f"no index life cycle on this server ({status}): rollover and retention are yours to arrange",
            )
        )
        return False

    def _edition(self, path: str) -> int:
        """The version of the template that is there, 0 for none."""
        try:
            answer = self._ask("GET", path)
        except ApiError as error:
            if error.status_code == 404:
                return 0
            raise
        for found in (*answer.get("component_templates", ()), *answer.get("index_templates", ())):
            inner = found.get("component_template") or found.get("index_template") or {}
            return int(inner.get("version") or 0)
        return 0

    def _ask(self, method: str, path: str, body: Mapping[str, object] | None = None) -> dict[str, Any]:
        answer = self._client.perform_request(method, path, headers=JSON, body=body).body
        return answer if isinstance(answer, dict) else {}

    def _refused(self, error: Exception) -> SinkError:
        return SinkError(
            "E6201",
            say(
                "Elasticsearch 暂不可用，稍后重试，告警仍在队列中",
                "Elasticsearch cannot be used now; the alerts stay queued",
            ),
            where=self.url,
            why=_told(error),
            hint=say(
                "检查 elasticsearch.* 配置与服务状态，再运行 secops alert push",
                "check elasticsearch.* and the server, then secops alert push",
            ),
        )


def _chunks(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    chunk: list[Letter] = []
    size = 0
    for each in letters:
        bytes_ = len(each.body) * 3 + 200  # the most UTF-8 can take, plus the action line
        if chunk and size + bytes_ > BULK:
            yield chunk
            chunk, size = [], 0
        chunk.append(each)
        size += bytes_
    if chunk:
        yield chunk


def _action(letter: Letter) -> str:
    if letter.stream is Stream.ALERTS:
        return canonical({"create": {"_index": templates.STREAM, "_id": letter.id}})
    place = {"_index": templates.FINDINGS, "_id": letter.id}
    return canonical({"index": {**place, "version": letter.version, "version_type": "external_gte"}})


def _lost(letters: Sequence[Letter], error: Exception) -> list[Receipt]:
    """The receipts of a request without an answer: certainly not sent, or in doubt."""
    told = _told(error)
    if isinstance(error, TlsError) or isinstance(error.__cause__, (NewConnectionError, ConnectTimeoutError)):
        # a letter that was in doubt before has been looked for by now: it is not there
        return [Receipt(each.seq, Outcome.RETRY, told) for each in letters]
    return [Receipt(each.seq, answers.doubt(each), told, QUIET) for each in letters]


def _told(error: Exception) -> str:
    if isinstance(error, ApiError):
        return f"{error.status_code} {answers.reason(error.body)}"
    if isinstance(error, SerializationError):
        return "the answer is no JSON"
    return f"{type(error).__name__}: {error}"[: answers.REASON]


def _secret(file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            "E6104",
            say("读不到口令或密钥文件", "the file that holds the secret cannot be read"),
            where=file or "elasticsearch.password_file",
            why=str(error),
        ) from error
