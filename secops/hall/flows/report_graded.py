"""As of when the findings are that a report tells or counts: they follow the inventory only when it is judged."""

from secops.core.clock import Instant, render
from secops.core.language import say
from secops.hall.flows.report_context import Context
from secops.store import rule_state


def graded(ctx: Context) -> tuple[str, str]:
    """The line of the cover; where the inventory has moved since, or nothing was judged yet, that is noted as well."""
    label = say("问题评判时间", "findings as of")
    if ctx.at is not None:
        ended = rule_state.ended_before(ctx.connection, ctx.at)
        moved = ended is not None and rule_state.changed_between(ctx.connection, ended, ctx.at)
    else:
        ended, moved = rule_state.judged(ctx.connection)
    ctx.graded_at = ended
    if ended is None:
        told = say(
            "尚未评判（secops grade run），问题数不代表没有问题", "nothing was judged yet: none does not mean none"
        )
        ctx.notes.append(say(f"问题{told}", told))
        return label, told
    at = _moment(ended)
    if not moved:
        return label, at
    told = say("此后台账有变动，问题未重新评判", "the inventory has moved since and was not judged again")
    ctx.notes.append(say(f"问题为 {at} 的评判结果，{told}", f"findings as of {at}: {told}"))
    return label, say(f"{at}（{told}）", f"{at} ({told})")


def _moment(at: Instant) -> str:
    return render(at)[:19].replace("T", " ")
