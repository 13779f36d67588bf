"""Whether a look, when it is repeated, plainly moves times and nothing else, so that nobody need try it out."""

from secops.assets.look import Look
from secops.assets.reading import Reading
from secops.assets.work import Work
from secops.core.model import State


def plain(work: Work, reading: Reading, look: Look) -> bool:
    """What the look says stands as it said it, and nobody else at work told of its port; no proof of the opposite.

    Left to be tried out: what tells of machines and of addresses, what met another look, and what is not the newest.
    """
    if look.id in work.rows or look.id in work.evidence or (work.rules is not None and reading.marks(work.rules)):
        return False
    port = reading.seen.target.port
    if reading.ip not in work.calm:
        ip = work.drafts.get(reading.ip)
        if ip is None or not port or reading.of_ip or reading.source in ip.sources:
            return False
        if ip.state is not State.ACTIVE or ip.misses:
            return False
    return _alone(work, reading.service, look) and (not reading.website or _alone(work, reading.website, look))


def _alone(work: Work, id: str, look: Look) -> bool:
    """Whether only this look told of the entity, and it is the newest: nothing of it is older than what it says."""
    draft = work.drafts.get(id)
    if draft is None:
        return True
    if work.met[id] > 1 or draft.state is not State.ACTIVE or draft.misses or draft.last_seen != look.at:
        return False
    for at, _, of in draft.sources.values():  # noqa: SIM110 - of every look that tells news
        if at > look.at or (at == look.at and of != look.id):
            return False
    return True
