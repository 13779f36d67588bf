"""What discovery learned to see: services in detail, pages, TLS and TLCP, SNMP, SMB, RDP, devices."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT, _NUMBER, _FLAG = sa.Text(), sa.BigInteger(), sa.Boolean()
_ADDED: dict[str, dict[str, sa.types.TypeEngine[Any]]] = {
    "assets": {
        "device_vendor": _TEXT,
        "device_model": _TEXT,
        "device_serial": _TEXT,
        "device_firmware": _TEXT,
        "device_firmware_key": _TEXT,
        "ip_answers_all": _FLAG,
        "http_charset": _TEXT,
        "http_generator": _TEXT,
        "http_technologies": _TEXT,
        "http_icp": _TEXT,
        "http_police_filing": _TEXT,
        "http_gov_code": _TEXT,
        "http_robots": _FLAG,
        "http_security_txt": _TEXT,
        "http_links": _TEXT,
        "http_ipv6": _FLAG,
        "tls_versions": _TEXT,
        "tls_suites": _TEXT,
        "tls_ja3s": _TEXT,
        "tlcp_enabled": _FLAG,
        "tlcp_suites": _TEXT,
        "tlcp_subject": _TEXT,
        "tlcp_not_after": _NUMBER,
        "tlcp_sign_fingerprint": _TEXT,
        "tlcp_enc_fingerprint": _TEXT,
    },
    "services": {
        "service_info": _TEXT,
        "service_hostname": _TEXT,
        "service_os": _TEXT,
        "service_device_type": _TEXT,
        "http_charset": _TEXT,
        "http_generator": _TEXT,
        "http_technologies": _TEXT,
        "http_icp": _TEXT,
        "http_police_filing": _TEXT,
        "http_gov_code": _TEXT,
        "http_robots": _FLAG,
        "http_security_txt": _TEXT,
        "http_links": _TEXT,
        "http_ipv6": _FLAG,
        "tls_versions": _TEXT,
        "tls_suites": _TEXT,
        "tls_ja3s": _TEXT,
        "tlcp_enabled": _FLAG,
        "tlcp_suites": _TEXT,
        "tlcp_subject": _TEXT,
        "tlcp_not_after": _NUMBER,
        "tlcp_sign_fingerprint": _TEXT,
        "tlcp_enc_fingerprint": _TEXT,
        "snmp_versions": _TEXT,
        "snmp_description": _TEXT,
        "snmp_object_id": _TEXT,
        "snmp_name": _TEXT,
        "snmp_location": _TEXT,
        "snmp_engine_id": _TEXT,
        "snmp_neighbours": _TEXT,
        "dns_recursion": _FLAG,
        "dns_zone_transfer": _FLAG,
        "smb_dialects": _TEXT,
        "smb_signing_required": _FLAG,
        "smb_domain": _TEXT,
        "rdp_security": _TEXT,
    },
}


def upgrade() -> None:
    """Add the columns."""
    for table, columns in _ADDED.items():
        for name, kind in columns.items():
            op.add_column(table, sa.Column(name, kind, nullable=True))
