"""Databases no package of Debian runs: answers built after their public protocol texts."""

import struct

from secops.core.model import Status, Target
from secops.discover.collectors import cassandra, mongodb, mssql, oracle

HERE = Target("198.18.0.1", 1)


def _tds(version: bytes, encryption: int) -> bytes:
    table = struct.pack(">BHH", 0, 11, 6) + struct.pack(">BHH", 1, 17, 1) + b"\xff"
    body = table + version + bytes((encryption,))
    return struct.pack(">BBHHBB", 4, 1, 8 + len(body), 0, 0, 0) + body


def test_sql_server_tells_its_build(player):
    """PRELOGIN's version is major, minor, build; encryption 2 means it has none."""
    reading = player(_tds(bytes((15, 0, 0x07, 0xD0, 0, 0)), 2)).run(mssql.ask(HERE))
    assert reading.facts == {
        "service.name": "ms-sql-s",
        "service.product": "Microsoft SQL Server 2019",
        "service.version": "15.0.2000",
        "tls.enabled": False,
    }


def test_sql_server_whose_table_points_nowhere(player):
    """Offsets beyond the packet are no version."""
    body = struct.pack(">BHH", 0, 0xFFF0, 6) + b"\xff"
    frame = struct.pack(">BBHHBB", 4, 1, 8 + len(body), 0, 0, 0) + body
    assert player(frame).run(mssql.ask(HERE)).status is Status.PROTOCOL_ERROR


def _op_msg(document: bytes) -> bytes:
    whole = struct.pack("<I", len(document) + 5) + document + b"\0"
    return struct.pack("<IIII", 16 + 5 + len(whole), 7, 1, 2013) + bytes(5) + whole


def test_mongodb_tells_version_and_role(player):
    """`hello` makes it MongoDB, `buildInfo` gives the version; nested documents are passed over."""
    hello = b"\x08isWritablePrimary\0\x01" + b"\x03topology\0" + struct.pack("<I", 5) + b"\0"
    hello += b"\x10maxWireVersion\0" + struct.pack("<i", 21) + b"\x01ok\0" + struct.pack("<d", 1.0)
    build = b"\x02version\0" + struct.pack("<I", 6) + b"7.0.5\0" + b"\x01ok\0" + struct.pack("<d", 1.0)
    reading = player(_op_msg(hello) + _op_msg(build)).run(mongodb.ask(HERE))
    assert reading.facts == {"service.name": "mongodb", "service.product": "MongoDB", "service.version": "7.0.5"}
    assert reading.extra == {"isWritablePrimary": True}


def test_mongodb_that_lies_about_lengths(player):
    """A text said to be 4 GB long ends the reading of the document, not the program."""
    bad = b"\x10maxWireVersion\0" + struct.pack("<i", 21) + b"\x02version\0" + b"\xff\xff\xff\xff" + b"7\0"
    reading = player(_op_msg(bad) * 2).run(mongodb.ask(HERE))
    assert reading.facts["service.name"] == "mongodb"


def test_oracle_refusal_holds_the_version(player):
    """VSNNUM 318767104 is release 19.0.0.0.0, and 186647552 is 11.2.0.4.0."""
    for number, version in ((b"318767104", "19.0.0.0.0"), (b"186647552", "11.2.0.4.0")):
        data = b"(DESCRIPTION=(TMP=)(VSNNUM=" + number + b")(ERR=12504))"
        frame = struct.pack(">HHBBH", 12 + len(data), 0, 4, 0, 0) + struct.pack(">BBH", 0x22, 0, len(data)) + data
        reading = player(frame).run(oracle.ask(HERE))
        assert reading.facts["service.name"] == "oracle-tns"
        assert reading.facts["service.version"] == version


def test_cassandra_tells_its_query_language(player):
    """SUPPORTED is a map of texts to lists of texts."""
    body = b"\0\x01" + b"\0\x0bCQL_VERSION" + b"\0\x01" + b"\0\x053.4.6"
    frame = bytes((0x84, 0, 0, 1, 6)) + struct.pack(">I", len(body)) + body
    reading = player(frame).run(cassandra.ask(HERE))
    assert reading.facts["service.name"] == "cassandra"
    assert reading.extra == {"cql_version": ("3.4.6",)}
