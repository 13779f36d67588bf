"""Verify an audit log without secops: python3 verify_audit.py audit.jsonl (exit 0: whole; 1: broken, and where)."""

import hashlib
import json
import pathlib
import sys


def plain(value):
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace")


log, seq, prev = pathlib.Path(sys.argv[1]), 0, "0" * 64
for line in log.read_bytes().splitlines(keepends=True):
    try:
        record = json.loads(line)
        told = record.pop("hash")
        good = told == hashlib.sha256(plain(record)).hexdigest() and (record["seq"], record["prev"]) == (seq + 1, prev)
    except (ValueError, KeyError, TypeError, AttributeError):
        good = False
    if not good or plain({**record, "hash": told}) + b"\n" != line:
        sys.exit(f"broken at line {seq + 1}")
    seq, prev = seq + 1, told
number, digest = pathlib.Path(f"{log}.head").read_text().split()
if (int(number), digest) != (seq, prev):
    sys.exit(f"the head file tells of {int(number)} lines, the log has {seq}")
sys.stdout.write(f"{seq} records, whole\n")
