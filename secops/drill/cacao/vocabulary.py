"""The closed and open word lists of CACAO 2.0, and which of its words our engine carries out."""

from typing import Final

STEP_TYPES: Final = frozenset(
    {
        "start", "end", "action", "playbook-action", "parallel", "if-condition", "while-condition", "switch-condition",
    }
)  # fmt: skip
"""workflow-step-type-enum, section 4.2; closed."""

RUNNABLE: Final = frozenset({"start", "end", "action", "if-condition"})
"""Step types this engine carries out; the others are lint errors, never skipped."""

PLAYBOOK_TYPES: Final = frozenset(
    {"attack", "detection", "engagement", "investigation", "mitigation", "notification", "prevention", "remediation"}
)
"""playbook-type-ov, section 3.1.1; open."""

ACTIVITIES: Final = frozenset(
    {
        "compose-content", "deliver-content", "identify-audience", "identify-channel", "scan-system", "match-indicator",
        "analyze-collected-data", "identify-indicators", "scan-vulnerabilities", "configure-systems", "restrict-access",
        "disconnect-system", "eliminate-risk", "revert-system", "restore-data", "restore-capabilities", "map-network",
        "identify-steps", "step-sequence", "prepare-engagement", "execute-operation", "analyze-engagement-results",
    }
)  # fmt: skip
"""playbook-activity-type-ov, section 3.1.2; open."""

PARTY_TYPES: Final = frozenset(
    {
        "group", "individual", "location", "organization", "sector", "http-api", "linux", "net-address",
        "security-category", "ssh",
    }
)  # fmt: skip
"""agent-target-type-ov, section 7.2; open."""

ADDRESSED: Final = frozenset({"http-api", "linux", "net-address", "ssh"})
"""Agents and targets that must have an address (sections 7.8 to 7.12)."""

PEOPLE: Final = frozenset({"group", "individual", "organization", "location", "sector"})
"""Agents that are people: they can answer and cannot send."""

ADDRESS_KEYS: Final = frozenset({"dname", "ipv4", "ipv6", "l2mac", "vlan", "url"})

VARIABLE_TYPES: Final = frozenset(
    {
        "bool", "dictionary", "float", "hexstring", "integer", "ipv4-addr", "ipv6-addr", "long", "mac-addr", "hash",
        "md5-hash", "sha256-hash", "string", "uri", "uuid",
    }
)  # fmt: skip
"""variable-type-ov, section 10.18; open."""
