"""The letters of a rule's transitions: ECS documents queued in the transaction that wrote the transitions."""

from collections.abc import Sequence

from secops.core.finding import Finding, Transition
from secops.core.model import Entity, Organisation, State
from secops.deliver.ecs import RuleText, documents
from secops.grade.rule import Rule
from secops.hall.app import App
from secops.hall.sinks import routes
from secops.store import entities, organisations, outbox
from secops.store.grading import Transaction


class Letters:
    """Writes letters to every configured sink. One of these lives for one transaction."""

    def __init__(self, app: App, connection: Transaction, rule: Rule | None) -> None:
        self.connection = connection
        self.rule = rule
        self.routes = routes(app.config)
        self._units: dict[tuple[str, str], Organisation] | None = None
        self._systems: dict[str, str] = {}

    def write(self, steps: Sequence[Transition]) -> int:
        """Queue the documents of these transitions; gives how many letters are new."""
        if not self.routes:
            return 0
        found = entities.by_ids(self.connection, [each.finding.entity for each in steps])
        pairs = [self._pair(each, found) for each in steps]
        alerts, states = [alert for alert, _ in pairs], [state for _, state in pairs]
        return outbox.enqueue(self.connection, steps, alerts, states, self.routes)

    def _pair(self, step: Transition, found: dict[str, Entity]) -> tuple[dict[str, object], dict[str, object]]:
        finding = step.finding
        entity = found.get(finding.entity) or _absent(finding)
        return documents(step, entity, self._text(finding), self._unit(finding), self._system(finding))

    def _text(self, finding: Finding) -> RuleText:
        rule = self.rule
        if rule is None:
            return RuleText(finding.rule, finding.rule)
        return RuleText(
            id=rule.id,
            title=rule.title,
            description=rule.description,
            basis=[str(each) for each in rule.basis],
            risk=rule.risk,
            remedy=rule.remedy,
            tags=[*rule.tags, *([rule.dengbao_risk] if rule.dengbao_risk else [])],
        )

    def _unit(self, finding: Finding) -> Organisation | None:
        if self._units is None:
            self._units = {(each.site, each.id): each for each in organisations.every(self.connection)}
        return self._units.get((finding.site, finding.org_id))

    def _system(self, finding: Finding) -> str:
        id = finding.system_id
        if id and id not in self._systems:
            found = entities.by_ids(self.connection, [id]).get(id)
            self._systems[id] = str(found.facts.get("name") or found.key) if found else ""
        return self._systems.get(id, "")


def _absent(finding: Finding) -> Entity:
    """What can be said of an entity that the inventory no longer has."""
    return Entity(
        kind=finding.kind,
        site=finding.site,
        key=finding.entity,
        first_seen=finding.opened_at,
        last_seen=finding.opened_at,
        state=State.GONE,
    )
