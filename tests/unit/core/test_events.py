from secops.core.events import SCHEMA, Summary


def test_a_summary_is_complete_by_itself() -> None:
    """A summary without counts or left-outs is still a whole record of a known schema."""
    summary = Summary("r", "discover", complete=True)
    assert (summary.state, dict(summary.counts), dict(summary.left_out)) == ("done", {}, {})
    assert SCHEMA.startswith("secops/")
