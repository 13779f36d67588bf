"""TLS over memory: bytes in, bytes out, no socket. Verifies nothing, accepts what is old, records everything."""

import ssl
import warnings
from functools import cache

from secops.dial.conversation import Secured

CHAIN_MOST = 10
_LEGACY_RENEGOTIATION = 0x4
"""SSL_OP_LEGACY_SERVER_CONNECT: Python 3.12 names it, 3.11 does not."""
_CHUNK = 16_384


class TunnelError(Exception):
    """The peer does not speak TLS, or not one we can follow; the text is OpenSSL's reason."""


class Tunnel:
    """One client side of TLS. Feed what arrives, take what must be sent."""

    def __init__(self, server_name: str, alpn: tuple[str, ...]) -> None:
        self._in = ssl.MemoryBIO()
        self._out = ssl.MemoryBIO()
        try:
            self._tls = _context(alpn).wrap_bio(self._in, self._out, server_hostname=server_name or None)
        except (ValueError, ssl.SSLError):
            self._tls = _context(alpn).wrap_bio(self._in, self._out)
        self.secured: Secured | None = None
        self.ended = False

    def handshake(self) -> bool:
        """One step of the handshake; True once TLS stands. Raises TunnelError."""
        try:
            self._tls.do_handshake()
        except ssl.SSLWantReadError:
            return False
        except (ssl.SSLError, OSError, ValueError) as error:
            raise TunnelError(reason(error)) from error
        cipher = self._tls.cipher()
        self.secured = Secured(
            version=self._tls.version() or "",
            cipher=cipher[0] if cipher else "",
            chain=self._chain(),
            alpn=self._tls.selected_alpn_protocol() or "",
        )
        return True

    def feed(self, data: bytes) -> None:
        """Bytes that arrived from the network; empty means the peer has ended."""
        if data:
            self._in.write(data)
        else:
            self._in.write_eof()

    def outgoing(self) -> bytes:
        """Bytes to put on the network now."""
        return self._out.read()

    def encrypt(self, data: bytes) -> None:
        """Take plain bytes for sending; fetch them with `outgoing`. Raises TunnelError."""
        try:
            self._tls.write(data)
        except (ssl.SSLError, OSError) as error:
            raise TunnelError(reason(error)) from error

    @property
    def pending(self) -> bool:
        """Is there something arrived that was not decrypted yet?"""
        return bool(self._in.pending or self._tls.pending())

    def decrypt(self, most: int) -> bytes:
        """Plain bytes that can be had now, at most `most`. Sets `ended` at the peer's close. Raises TunnelError."""
        kept = bytearray()
        while len(kept) < most:
            try:
                data = self._tls.read(min(_CHUNK, most - len(kept)))
            except ssl.SSLWantReadError:
                break
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                self.ended = True
                break
            except (ssl.SSLError, OSError) as error:
                if kept:
                    break
                raise TunnelError(reason(error)) from error
            if not data:
                self.ended = True
                break
            kept += data
        return bytes(kept)

    def _chain(self) -> tuple[bytes, ...]:
        inner = self._tls._sslobj  # type: ignore[attr-defined]  # noqa: SLF001 - get_unverified_chain is public only from 3.13
        certificates = inner.get_unverified_chain() or ()
        return tuple(ssl.PEM_cert_to_DER_cert(each.public_bytes()) for each in certificates[:CHAIN_MOST])


def reason(error: BaseException) -> str:
    """OpenSSL's own word for what went wrong."""
    return str(getattr(error, "reason", "") or type(error).__name__).lower().replace("_", " ")[:120]


@cache
def _context(alpn: tuple[str, ...]) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # looking, not trusting: nothing secret is sent over it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what we look for
        context.minimum_version = ssl.TLSVersion.TLSv1
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.options |= _LEGACY_RENEGOTIATION
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context
