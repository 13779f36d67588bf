"""The columnar mirror: made, kept current, held against the store, and asked in the store's place."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, TypeVar

from secops.core.clock import render
from secops.core.events import Progress
from secops.core.language import say
from secops.core.query import Query
from secops.hall.app import App

if TYPE_CHECKING:
    from secops.store.mirror_query import View

T = TypeVar("T")


def ask(app: App, query: Query, answer: Callable[["View"], T], *fields: str) -> T | None:
    """The mirror's answer; None where it has none (not made, at work elsewhere, not its fields): ask the store.

    Why it could not be had though it was made is told through `app.tell`.
    """
    if app.config.text("mirror.use") == "off" or app.database.path is None:
        return None
    from secops.store.mirror import Unavailable
    from secops.store.mirror_query import answers

    if not app.mirror.path.exists() or not answers(query, *fields):
        return None
    try:
        with app.mirror.read() as view:
            return answer(view)
    except Unavailable as error:
        app.tell(error)
        return None


def status(app: App) -> dict[str, object]:
    """What is known of the mirror. Raises Unavailable while another process writes it."""
    found = app.mirror.status()
    at = render(found.refreshed_at) if found.refreshed_at else ""
    return asdict(found) | {"path": str(found.path), "refreshed_at": at, "usable": found.behind is not None}


def refresh(app: App, *, anew: bool = False, live: Callable[[Progress], None] = lambda _: None) -> dict[str, object]:
    """Make it, or bring it up to the store, telling how far it is. Raises Unavailable."""
    begun = app.clock.monotonic()

    def tell(done: int, total: int) -> None:
        rate = done / max(0.001, app.clock.monotonic() - begun)
        live(Progress(say("读入列式镜像", "filling the mirror"), done, total, say("行", "rows"), rate))

    done = app.mirror.refresh(anew=anew, tell=tell)
    return asdict(done) | {"seconds": round(app.clock.monotonic() - begun, 2), "size": app.mirror.path.stat().st_size}


@dataclass(frozen=True, slots=True)
class Verified:
    """Table -> rows in which mirror and store differ. `anew`: it was made for this, the one there was told nothing."""

    differing: dict[str, int]
    anew: bool
    unusable: bool


def verify(app: App) -> Verified:
    """Bring it up and hold it against the store. Raises Unavailable."""
    done = app.mirror.refresh()
    return Verified(app.mirror.verify(), done.whole, done.unusable)


def drop(app: App) -> None:
    """Delete it. Raises Unavailable while another process is at it."""
    app.mirror.drop()


def release(app: App) -> None:
    """Let go of its file, where it was asked: a process that lives on must not keep others from bringing it up."""
    if "mirror" in app.__dict__:
        app.mirror.release()
