"""What goes with a report: digest, filter, times, who made it for which role. Signed, if asked, by Ed25519.

`FILE.manifest.json` lies beside the file; `FILE.manifest.json.sig` holds the signature over its canonical form, so that
a manifest written anew with other spaces still verifies.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from secops.core.errors import InvalidFile, Refused
from secops.core.ids import canonical
from secops.core.language import say
from secops.scope import keys

TYPE: Final = "secops-report-manifest/1"
_SIGNATURE: Final = "secops-report-signature/1"
_BESIDE: Final = ".manifest.json"
_MOST: Final = 4 << 20
_KEYS: Final = {"type", "algorithm", "key_id", "digest", "signed_at", "signer", "signature"}


@dataclass(frozen=True, slots=True)
class Verified:
    """A report whose digest is the manifest's."""

    manifest: Mapping[str, object]
    signer: str = ""
    """The trusted key that signed it; empty for an unsigned one."""
    key_id: str = ""
    signed: bool = False
    """Whether there is a signature, held against a key or not."""


def beside(path: Path) -> Path:
    """Where the manifest of this report lies."""
    return path.with_name(path.name + _BESIDE)


def digest(path: Path) -> str:
    """SHA-256 of the file."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write(path: Path, manifest: Mapping[str, object]) -> None:
    """Write the manifest beside the report, synced, whole or not at all; an old signature goes. Raises OSError."""
    text = json.dumps({"type": TYPE, **manifest}, ensure_ascii=False, indent=2, sort_keys=True) + "\n"
    _signature(path).unlink(missing_ok=True)
    _put(beside(path), text.encode("utf-8", "replace"))


def sign(path: Path, key: Ed25519PrivateKey, signer: str, at: str) -> str:
    """Sign the manifest of this report; gives the key's id. Raises OSError, InvalidFile."""
    message = _canonical(_read(path))
    claims = {
        "type": _SIGNATURE, "algorithm": "ed25519", "key_id": keys.key_id(key.public_key()),
        "digest": hashlib.sha256(message).hexdigest(), "signed_at": at, "signer": signer,
    }  # fmt: skip
    made = key.sign(canonical(claims).encode())
    _put(_signature(path), canonical({**claims, "signature": made.hex()}).encode() + b"\n")
    return claims["key_id"]


def described(path: Path) -> Path:
    """The report meant: the file itself, or the one that this manifest or signature lies beside."""
    name = path.name.removesuffix(".sig")
    return path.with_name(name.removesuffix(_BESIDE)) if name.endswith(_BESIDE) else path


def verify(path: Path, trusted: Sequence[keys.Trusted] | None, *, signed: bool = False) -> Verified:
    """Check digest and, where there is one, signature. `path`: report, manifest or signature.

    `trusted`: the keys believed; None where none are at hand, so that the digest alone is checked. `signed`: there must
    be a signature, so that taking it away hides nothing. Raises InvalidFile without a readable manifest, Refused where
    either is wrong or missing, or the key is not trusted.
    """
    path = described(path)
    manifest = _read(path)
    try:
        found = digest(path)
    except OSError as error:
        raise _unreadable(path, _why(error)) from error
    if found != manifest.get("sha256"):
        raise Refused(
            "E6306",
            say("报表与清单的摘要不符：文件在导出之后被改动", "the report was changed after it was made"),
            where=str(path),
            why=f"{manifest.get('sha256')} -> {found}",
        )
    there = _signature(path).exists()
    if signed and not there:
        raise Refused(
            "E6307",
            say("报表没有签名，无从证明出自这把密钥", "there is no signature: nothing proves that this key made it"),
            where=str(_signature(path)),
            why=say(
                "没有签名文件：未曾签名，或被拿掉了", "no such file: it was never signed, or somebody took it away"
            ),
            hint=say(
                "向签发人索取 .manifest.json.sig；不给 --key 只核对摘要，防不了改动",
                "ask the signer for the .manifest.json.sig; without --key the digest alone is checked",
            ),
        )
    return _checked(path, manifest, trusted) if there and trusted is not None else Verified(manifest, signed=there)


def _checked(path: Path, manifest: Mapping[str, object], trusted: Sequence[keys.Trusted]) -> Verified:
    place = _signature(path)
    try:
        claims = json.loads(place.read_bytes()[:8_192])
        if not isinstance(claims, dict) or set(claims) != _KEYS or not all(isinstance(v, str) for v in claims.values()):
            raise ValueError("wrong keys")
        signature = bytes.fromhex(claims.pop("signature"))
        if (claims["type"], claims["algorithm"]) != (_SIGNATURE, "ed25519"):
            raise ValueError("not a report's signature")
    except (OSError, ValueError, RecursionError) as error:
        raise _unsigned(place, _why(error)) from error
    if claims["digest"] != hashlib.sha256(_canonical(manifest)).hexdigest():
        raise _unsigned(beside(path), say("清单在签名之后被改动", "the manifest was changed after it was signed"))
    known = next((each for each in trusted if each.id == claims["key_id"]), None)
    if known is None:
        raise _unsigned(place, say(f"密钥 {claims['key_id']} 不受信任", f"key {claims['key_id']} is not trusted"))
    if not known.verifies(signature, canonical(claims).encode()):
        raise _unsigned(place, say(f"不是 {known.name} 签的", f"not by {known.name}"))
    return Verified(manifest, known.name, known.id, signed=True)


def _read(path: Path) -> Mapping[str, object]:
    place = beside(path)
    try:
        with place.open("rb") as handle:
            found = json.loads(handle.read(_MOST))
        if not isinstance(found, dict) or found.get("type") != TYPE:
            raise ValueError(f"no {TYPE}")
    except (OSError, ValueError, RecursionError) as error:
        raise _unreadable(place, _why(error)) from error
    return found


def _why(error: BaseException) -> str:
    if isinstance(error, FileNotFoundError):
        return say("没有这个文件", "there is no such file")
    if isinstance(error, PermissionError):
        return say("没有读取权限", "it may not be read")
    if isinstance(error, IsADirectoryError):
        return say("这是目录，不是文件", "it is a folder")
    if isinstance(error, OSError):
        return say(f"系统读取出错（{error.errno}）", error.strerror or str(error))
    return say("内容不是报表清单或签名的格式", f"not the form of a manifest or signature: {str(error)[:150]}")


def _unreadable(place: Path, why: str) -> InvalidFile:
    return InvalidFile(
        "E6305",
        say("报表或它的清单读不出来", "the report or its manifest cannot be read"),
        where=str(place),
        why=why,
        hint=say("清单与报表同目录，名为 报表文件名.manifest.json", "the manifest lies beside: FILE.manifest.json"),
    )


def _unsigned(place: Path, why: str) -> Refused:
    return Refused(
        "E6307", say("报表清单的签名无效", "the signature of the manifest is not valid"), where=str(place), why=why
    )


def _signature(path: Path) -> Path:
    place = beside(path)
    return place.with_name(place.name + ".sig")


def _canonical(manifest: Mapping[str, object]) -> bytes:
    return canonical(manifest).encode("utf-8", "replace")


def _put(place: Path, data: bytes) -> None:
    part = place.with_name(place.name + ".part")
    try:
        with part.open("wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(place)
    except OSError:
        part.unlink(missing_ok=True)
        raise
