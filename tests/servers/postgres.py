"""Start, kill and start again a real PostgreSQL for tests: a cluster of its own in a temporary folder, on a socket.

PostgreSQL refuses to run as root: its programs are then run as `postgres`, or as `nobody`. The cluster orders text as
people do (ICU), so that whatever relies on the order of bytes shows it.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "secops"
PORT = 5432
SETTINGS = ("listen_addresses=", "max_connections=40", "shared_buffers=64MB", "max_wal_size=2GB", "autovacuum=off")


def programs() -> Path | None:
    """The folder of the newest `postgres` and `initdb` installed, None where there is none."""
    found = [each for each in Path("/usr/lib/postgresql").glob("*/bin") if (each / "initdb").exists()]
    if found:
        return max(found, key=lambda each: int(each.parent.name))
    path = shutil.which("initdb")
    return Path(path).resolve().parent if path else None


def missing() -> str:
    """Why it cannot be started here, empty where it can."""
    if programs() is None:
        return "no PostgreSQL server is installed (Debian: postgresql)"
    if os.geteuid() == 0 and (shutil.which("setpriv") is None or _account() is None):
        return "PostgreSQL does not run as root, and there is no setpriv or no user to run it as"
    return ""


def _account() -> pwd.struct_passwd | None:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


class Server:
    """One cluster, to be started and killed again and again."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="secops-pg-"))
        self.process: subprocess.Popen[bytes] | None = None
        self._count = 0
        self._as: list[str] = []
        if os.geteuid() == 0:
            account = _account()
            assert account is not None
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self._as = ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups", "--"]
        words = "--auth=trust --encoding=UTF8 --no-sync --no-instructions"
        sorted_as_people_do = "--locale=C.UTF-8 --locale-provider=icu --icu-locale=und"
        self._run("initdb", "-D", str(self.data), "-U", USER, *words.split(), *sorted_as_people_do.split())

    @property
    def data(self) -> Path:
        """Where the cluster lies."""
        return self.folder / "data"

    def start(self, *, wait: float = 30.0) -> None:
        """Start the server and return when it answers. Raises TimeoutError with the end of its log."""
        options = [f"-c{each}" for each in (*SETTINGS, f"unix_socket_directories={self.folder}", f"port={PORT}")]
        command = [*self._as, str(self._program("postgres")), "-D", str(self.data), *options]
        with (self.folder / "server.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", start_new_session=True)
        end = time.monotonic() + wait
        while time.monotonic() < end and self.process.poll() is None:
            if self._answers():
                return
            time.sleep(0.05)
        raise TimeoutError((self.folder / "server.log").read_text(errors="replace")[-2000:])

    def kill(self) -> None:
        """`kill -9` of the postmaster, by its pid; its children end as they notice."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it at once without harm, by its pid."""
        self._end(signal.SIGQUIT)

    def remove(self) -> None:
        """Stop it and remove its folder."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def fresh(self, template: str = "template0") -> str:
        """The name of a new database."""
        self._count += 1
        name = f"t{os.getpid()}_{self._count}"
        self.ask("postgres", f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        """Remove a database, whoever has it open."""
        self.ask("postgres", f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def url(self, name: str, user: str = USER) -> str:
        """How the program under test is told of a database."""
        return f"postgresql://{user}@/{name}?host={self.folder}&port={PORT}"

    def ask(self, name: str, text: str) -> list[tuple]:
        """What a statement answers."""
        import psycopg

        with psycopg.connect(
            host=str(self.folder), port=PORT, dbname=name, user=USER, autocommit=True, connect_timeout=5
        ) as connection:
            cursor = connection.execute(text)
            return cursor.fetchall() if cursor.description else []

    @contextmanager
    def database(self, template: str = "template0") -> Iterator[str]:
        """The URL of a new database that is removed at the end."""
        name = self.fresh(template)
        try:
            yield self.url(name)
        finally:
            self.drop(name)

    def _program(self, name: str) -> Path:
        folder = programs()
        assert folder is not None
        return folder / name

    def _run(self, name: str, *arguments: str) -> None:
        command = [*self._as, str(self._program(name)), *arguments]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
        if done.returncode:
            raise TimeoutError(done.stdout[-1000:] + done.stderr[-2000:])

    def _answers(self) -> bool:
        import psycopg

        try:
            self.ask("postgres", "SELECT 1")
        except psycopg.OperationalError:
            return False
        return True

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.poll() is None:
            os.kill(self.process.pid, how)
            self.process.wait()
