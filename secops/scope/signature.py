"""Signing an authorisation, and admitting one: the only way from a file to a Scope that the Gate accepts.

`<scope>.sig` lies beside the document: canonical JSON of algorithm, key id, SHA-256 of the document's exact bytes, who
signed when, and the Ed25519 signature over all of that. The document is read once; the bytes verified are the bytes
parsed, so nothing can be swapped in between.
"""

import hashlib
import json
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from secops.core.clock import Clock, parse, render
from secops.core.errors import InvalidFile, Refused, StoreError
from secops.core.ids import canonical
from secops.core.language import say
from secops.scope import document, gate, keys
from secops.scope.document import Scope
from secops.scope.epoch import Epoch

ALGORITHM: Final = "ed25519"
_KEYS: Final = {"type", "algorithm", "key_id", "digest", "signed_at", "signer", "signature"}
_TYPE: Final = "secops-scope-signature/1"
_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class Signature:
    """A detached signature as its file tells it; nothing of it is believed before `check`."""

    key_id: str
    digest: str
    signed_at: str
    signer: str
    signature: bytes

    @property
    def message(self) -> bytes:
        """The bytes that are signed."""
        return canonical(self._claims()).encode()

    def render(self) -> bytes:
        """The file's only valid form."""
        return canonical({**self._claims(), "signature": self.signature.hex()}).encode() + b"\n"

    def _claims(self) -> dict[str, str]:
        return {
            "type": _TYPE,
            "algorithm": ALGORITHM,
            "key_id": self.key_id,
            "digest": self.digest,
            "signed_at": self.signed_at,
            "signer": self.signer,
        }


def beside(path: Path) -> Path:
    """Where the signature of this document lies."""
    return path.with_name(path.name + ".sig")


def sign(path: Path, key: Ed25519PrivateKey, signer: str, clock: Clock) -> Scope:
    """Write the signature of a document that is free of errors. Raises InvalidFile, StoreError."""
    data = _bytes(path)
    scope = document.read(data, path)
    made = Signature(keys.key_id(key.public_key()), scope.digest, render(clock.now()), signer, b"")
    made = replace(made, signature=key.sign(made.message))
    target = beside(path)
    part = target.with_name(target.name + ".part")
    try:
        with part.open("wb") as stream:
            stream.write(made.render())
            stream.flush()
            os.fsync(stream.fileno())
        part.replace(target)
    except OSError as error:
        part.unlink(missing_ok=True)
        what = say("签名写不出来", "the signature cannot be written")
        raise StoreError("E2403", what, where=str(target), why=error.strerror or str(error)) from error
    return replace(scope, signed_by=signer)


def verify(path: Path, trust: Path) -> tuple[Scope, Signature]:
    """The scope whose very bytes a trusted key signed, whatever its dates. Raises Refused E2101–E2105, InvalidFile."""
    data = _bytes(path)
    try:
        with beside(path).open("rb") as stream:
            told = stream.read(_MOST + 1)
    except FileNotFoundError as error:
        hint = f"secops scope sign {path}"
        raise Refused("E2101", say("授权书未签名", "the scope is not signed"), where=str(path), hint=hint) from error
    except OSError as error:
        raise _malformed(beside(path), error.strerror or str(error)) from error
    signature = _parse(told, beside(path))
    by = check(data, signature, keys.trusted(trust), path)
    return replace(document.read(data, path), signed_by=by), signature


def check(data: bytes, signature: Signature, trusted: tuple[keys.Trusted, ...], path: Path) -> str:
    """The name of the trusted key that signed these bytes. Raises Refused E2103, E2104, E2105."""
    if hashlib.sha256(data).hexdigest() != signature.digest:
        hint = say("改过的授权书须由签发人重新签名", "an edited scope must be signed anew by its issuer")
        raise Refused(
            "E2103",
            say("授权书在签名之后被改动", "the scope was changed after it was signed"),
            where=str(path),
            hint=hint,
        )
    known = [each for each in trusted if each.id == signature.key_id]
    if not known:
        why = say(f"密钥 {signature.key_id}", f"key {signature.key_id}")
        hint = say("核实签发人后把其公钥放入 trust/", "once you know whose it is, put the public key into trust/")
        raise Refused(
            "E2105",
            say("签名密钥不受信任", "the signing key is not trusted"),
            where=str(beside(path)),
            why=why,
            hint=hint,
        )
    if not known[0].verifies(signature.signature, signature.message):
        what = say(
            "签名不是这把密钥签的，或签名文件被改动", "not signed by the key it names, or the signature was changed"
        )
        raise Refused("E2104", what, where=str(beside(path)), why=f"{known[0].name} {known[0].id}")
    return known[0].name


def admit(path: Path, *, trust: Path, epoch: Epoch, clock: Clock) -> Scope:
    """A scope fit for use now: signed by a trusted key, in its dates, not revoked. Raises Refused, InvalidFile."""
    scope, _ = verify(path, trust)
    if epoch.revoked(scope.id):
        raise gate.revoked(scope)
    gate.valid(scope, float(clock.now()))
    return scope


def claimed_digest(path: Path) -> str:
    """The digest the signature beside a document names, unverified; empty where there is none that can be read."""
    try:
        return _parse(beside(path).read_bytes()[: _MOST + 1], beside(path)).digest
    except (OSError, Refused):
        return ""


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(document.MAX_BYTES + 1)
    except OSError as error:
        what = say("授权书读不了", "the scope cannot be read")
        raise InvalidFile(
            "E1210", what, where=str(path), why=error.strerror or str(error), hint="secops scope new"
        ) from error
    return data


def _parse(data: bytes, path: Path) -> Signature:
    try:
        body = json.loads(data[:_MOST])
        if not isinstance(body, dict) or set(body) != _KEYS or not all(isinstance(v, str) for v in body.values()):
            raise ValueError(say("键不对", "wrong keys"))
        parse(body["signed_at"])
        told = Signature(
            body["key_id"], body["digest"], body["signed_at"], body["signer"], bytes.fromhex(body["signature"])
        )
        if told.render() != data:
            raise ValueError(say("不是规范写法", "not in canonical form"))
    except (ValueError, RecursionError) as error:
        raise _malformed(path, str(error)) from error
    return told


def _malformed(path: Path, why: str) -> Refused:
    hint = say("请签发人重新签名", "have its issuer sign anew")
    return Refused(
        "E2102", say("签名文件不合格", "the signature file is malformed"), where=str(path), why=why, hint=hint
    )
