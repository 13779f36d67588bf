"""Signed, and by whom: every way it can be wrong has its own code."""

import json
import os
from pathlib import Path

import pytest

from secops.core.clock import ManualClock
from secops.core.errors import InvalidFile, Refused, UsageError
from secops.scope import keys, signature
from secops.scope.document import read
from secops.scope.epoch import Epoch
from secops.scope.signature import beside

PASS = b"correct horse"


@pytest.fixture
def room(tmp_path: Path, good: str, clock: ManualClock) -> Path:
    (tmp_path / "scope.yaml").write_text(good)
    keys.generate("chief", PASS, tmp_path / "keys", tmp_path / "trust")
    key = keys.private_key(tmp_path / "keys" / "chief.key", PASS)
    signature.sign(tmp_path / "scope.yaml", key, "chief", clock)
    return tmp_path


def admitted(room: Path, clock: ManualClock) -> object:
    return signature.admit(room / "scope.yaml", trust=room / "trust", epoch=Epoch(room / "state"), clock=clock)


def code(room: Path, clock: ManualClock) -> str:
    with pytest.raises(Refused) as caught:
        admitted(room, clock)
    return caught.value.code


def test_signed(room: Path, clock: ManualClock) -> None:
    """A signed scope of a trusted key, in its dates, is admitted with the signer's name."""
    assert admitted(room, clock).signed_by == "chief"


def test_unsigned(room: Path, clock: ManualClock) -> None:
    """Without its signature file a scope is unsigned."""
    beside(room / "scope.yaml").unlink()
    assert code(room, clock) == "E2101"


def test_tampered(room: Path, clock: ManualClock, good: str) -> None:
    """One more address is a change after signing."""
    (room / "scope.yaml").write_text(good.replace("198.18.0.0/24", "198.18.0.0/23"))
    assert code(room, clock) == "E2103"


def test_tampered_both(room: Path, clock: ManualClock, good: str) -> None:
    """Writing the new digest into the signature file does not help."""
    changed = good.replace("198.18.0.0/24", "198.18.0.0/23")
    (room / "scope.yaml").write_text(changed)
    told = json.loads(beside(room / "scope.yaml").read_text())
    told["digest"] = read(changed.encode(), "x").digest
    beside(room / "scope.yaml").write_text(
        json.dumps(told, sort_keys=True, ensure_ascii=False, separators=(",", ":")) + "\n"
    )
    assert code(room, clock) == "E2104"


def test_untrusted(room: Path, clock: ManualClock) -> None:
    """A key outside the trust folder counts for nothing, whatever it calls itself."""
    (room / "trust" / "chief.pub").unlink()
    keys.generate("other", PASS, room / "keys", room / "trust")
    (room / "trust" / "other.pub").rename(room / "trust" / "chief.pub")
    assert code(room, clock) == "E2105"


def test_wrong_key(room: Path, clock: ManualClock) -> None:
    """A signature that claims a trusted key's id but was made by another key is refused."""
    keys.generate("other", PASS, room / "keys", room / "else")
    told = json.loads(beside(room / "scope.yaml").read_text())
    made = signature.Signature(told["key_id"], told["digest"], told["signed_at"], "chief", b"")
    forged = keys.private_key(room / "keys" / "other.key", PASS).sign(made.message)
    beside(room / "scope.yaml").write_bytes(
        signature.Signature(told["key_id"], told["digest"], told["signed_at"], "chief", forged).render()
    )
    assert code(room, clock) == "E2104"


def test_dates(room: Path, clock: ManualClock) -> None:
    """Before its first day a scope is not yet valid, after its last it has expired."""
    clock.advance(-30 * 86_400)
    assert code(room, clock) == "E2106"
    clock.advance(60 * 86_400)
    assert code(room, clock) == "E2107"


def test_revoked(room: Path, clock: ManualClock) -> None:
    """A revoked scope is not admitted."""
    Epoch(room / "state").revoke(admitted(room, clock).id, "over")
    assert code(room, clock) == "E2108"


@pytest.mark.parametrize("text", ["", "{}", "[1]", "null", "x" * 9000, '{"a":' * 500])
def test_malformed(room: Path, clock: ManualClock, text: str) -> None:
    """A signature file that is none is told as malformed."""
    beside(room / "scope.yaml").write_text(text)
    assert code(room, clock) == "E2102"


def test_read_once(room: Path, clock: ManualClock, good: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A document swapped while it is being verified changes nothing: the bytes verified are the bytes used."""
    real = signature.check

    def swapping(*args: object) -> str:
        name = real(*args)
        (room / "scope.yaml").write_text(good.replace("198.18.0.0/24", "198.18.0.0/16"))
        return name

    monkeypatch.setattr(signature, "check", swapping)
    assert admitted(room, clock).targets.v4[-1][1] - admitted_first(good) < 256


def admitted_first(good: str) -> int:
    return read(good.encode(), "x").targets.v4[0][0]


def test_never_signs_nonsense(room: Path, clock: ManualClock) -> None:
    """A document with errors is not signed, and its old signature stays as it was."""
    before = beside(room / "scope.yaml").read_bytes()
    (room / "scope.yaml").write_text("title: x\n")
    key = keys.private_key(room / "keys" / "chief.key", PASS)
    with pytest.raises(InvalidFile):
        signature.sign(room / "scope.yaml", key, "chief", clock)
    assert beside(room / "scope.yaml").read_bytes() == before


def test_keys(room: Path) -> None:
    """A private key is encrypted, for its owner's eyes, never overwritten, and opens with its passphrase only."""
    path = room / "keys" / "chief.key"
    assert b"ENCRYPTED" in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0
    for act, wanted in (
        (lambda: keys.private_key(path, b"wrong word"), "E2301"),
        (lambda: keys.private_key(room / "none.key", PASS), "E2302"),
        (lambda: keys.generate("chief", PASS, room / "keys", room / "trust"), "E2304"),
        (lambda: keys.generate("../x", PASS, room / "keys", room / "trust"), "E2304"),
    ):
        with pytest.raises(UsageError) as caught:
            act()
        assert caught.value.code == wanted


def test_passphrase_file(tmp_path: Path) -> None:
    """A passphrase is the first line of a file nobody else may read, and not a short one."""
    path = tmp_path / "pass"
    path.write_text("correct horse\nsecond\n")
    path.chmod(0o600)
    assert keys.passphrase(path) == PASS
    path.chmod(0o644)
    with pytest.raises(UsageError):
        keys.passphrase(path)
    path.chmod(0o600)
    path.write_text("short\n")
    with pytest.raises(UsageError):
        keys.passphrase(path)


def test_open_trust_folder(room: Path, clock: ManualClock) -> None:
    """A trust folder that everybody may write is not relied on, nor one with junk in it."""
    (room / "trust").chmod(0o777)  # a sticky or shared folder would let anybody add a key
    assert code(room, clock) == "E2105"
    (room / "trust").chmod(0o755)
    (room / "trust" / "junk.pub").write_bytes(os.urandom(100))
    assert code(room, clock) == "E2105"
