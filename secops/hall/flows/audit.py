"""The audit log of a workspace: verified and read."""

from collections.abc import Iterator, Mapping

from secops.core.clock import Instant, parse
from secops.core.errors import SecopsError, StoreError
from secops.core.language import say
from secops.hall.app import App
from secops.scope import chain


def verified(app: App) -> Mapping[str, object]:
    """Count, last number and hash of a log that is whole. Raises SecopsError E2401 at the first broken place."""
    path, head = app.audit.path, app.audit.head_path
    if not path.exists() and not head.exists():
        return {"records": 0, "last_hash": chain.ZERO, "torn_bytes": 0, "file": str(path)}
    try:
        verdict = chain.verify(path, head)
    except OSError as error:
        raise StoreError(
            "E2404",
            say("审计日志读不了", "the audit log cannot be read"),
            where=str(path),
            why=error.strerror or str(error),
        ) from error
    if verdict.fault is not None:
        raise SecopsError(
            "E2401",
            say("审计日志被改动过", "the audit log was tampered with"),
            where=f"{path}:{verdict.fault.line}:1",
            why=verdict.fault.what,
            hint=say(
                f"此前 {verdict.head.seq} 条完好；封存日志与 .head 文件并追查",
                f"the {verdict.head.seq} records before it are whole; keep both files as evidence",
            ),
        )
    return {
        "records": verdict.head.seq, "last_hash": verdict.head.hash, "torn_bytes": verdict.torn, "file": str(path)
    }  # fmt: skip


def exported(app: App, *, event: str = "", since: str = "", until: str = "") -> Iterator[Mapping[str, object]]:
    """The records, in order, of events that begin with `event`, from `since` until before `until`."""
    first = parse(since) if since else None
    last = parse(until) if until else None
    if not app.audit.path.exists():
        return
    for entry in chain.entries(app.audit.path):
        at = _instant(str(entry["at"]))
        late = last is not None and at >= last
        if str(entry["event"]).startswith(event) and not late and (first is None or at >= first):
            yield entry


def _instant(text: str) -> Instant:
    try:
        return parse(text)
    except ValueError:
        return Instant(0)
