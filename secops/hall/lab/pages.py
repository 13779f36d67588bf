"""What the lab's web servers answer. Pure: a request's bytes in, a reply's bytes out."""

import base64
from collections.abc import Mapping
from html import escape

_ICON = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M/wHwAEBgIApD5fRAAAAABJRU5ErkJggg=="
)
_REASONS = {200: "OK", 302: "Found", 404: "Not Found", 405: "Method Not Allowed"}


def reply(about: Mapping[str, str], request: bytes, seen: set[str]) -> bytes:
    """The whole reply to one request; `seen` collects the exercise's markers."""
    line, _, head = request.partition(b"\r\n")
    method, _, rest = line.decode("latin-1").partition(" ")
    path = rest.partition(" ")[0]
    secure = "cert" in about
    if method not in {"GET", "HEAD"}:
        return _message(about, 405, "text/plain", b"", secure=secure)
    if path == "/favicon.ico":
        return _message(about, 200, "image/png", _ICON, secure=secure)
    if "marker" in about:
        answered = _marker(about, path, head, seen, secure=secure)
        if answered:
            return answered
    if "redirect" in about:
        return _message(about, 302, "text/html", b"", f"Location: {about['redirect']}", secure=secure)
    charset = about.get("charset", "utf-8")
    body = _page(about, charset).encode(charset)
    return _message(about, int(about.get("status", "200")), f"text/html; charset={charset}", body, secure=secure)


def _marker(about: Mapping[str, str], path: str, head: bytes, seen: set[str], *, secure: bool) -> bytes:
    """Notes a marker in the header; `/seen/TOKEN` tells 200 or 404 whether it came."""
    if path.startswith("/seen/"):
        status = 200 if path.removeprefix("/seen/") in seen else 404
        return _message(about, status, "text/plain", b"", secure=secure)
    for each in head.split(b"\r\n"):
        name, _, value = each.partition(b":")
        if name.strip().lower() == b"x-secops-marker":
            seen.add(value.strip().decode("latin-1")[:200])
            return _message(about, 200, "text/plain", b"marked\n", secure=secure)
    return b""


def _message(about: Mapping[str, str], status: int, kind: str, body: bytes, *more: str, secure: bool = False) -> bytes:
    lines = [f"HTTP/1.1 {status} {_REASONS.get(status, '')}", f"Content-Type: {kind}", f"Content-Length: {len(body)}"]
    if about.get("server"):
        lines.append(f"Server: {about['server']}")
    if "powered" in about:
        lines.append(f"X-Powered-By: {about['powered']}")
    if "hsts" in about:
        lines.append("Strict-Transport-Security: max-age=31536000")
    if about.get("cookie") == "bad":
        lines.append("Set-Cookie: JSESSIONID=0123456789; Path=/")
    elif about.get("cookie") == "good":
        lines.append("Set-Cookie: sid=0123456789; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else ""))
    lines += [*more, "Connection: close", "", ""]
    return "\r\n".join(lines).encode("utf-8") + body


def _page(about: Mapping[str, str], charset: str) -> str:
    title = escape(about["title"], quote=False)
    parts = [f'<!DOCTYPE html><html lang="zh-CN"><head><meta charset="{charset}"><title>{title}</title></head><body>']
    if "listing" in about:
        parts[0] = f"<html><head><title>Index of /{'' if title.startswith('Index') else title}</title></head><body>"
        parts.append('<h1>Index of /</h1><pre><a href="db.sql.gz">db.sql.gz</a> 2026-01-03 04:05 18M</pre>')
    else:
        parts.append(f"<h1>{title}</h1>")
    if "login" in about:
        parts.append('<form action="/login" method="post"><input name="u"><input type="password" name="p"></form>')
    footer = [f"主办单位：{about['unit']}"] if "unit" in about else []
    if "icp" in about:
        footer.append("粤ICP备00000000号-1 粤公网安备 00000000000000号 网站标识码 0000000000")
    parts.append(f"<footer>{' '.join(footer)}</footer></body></html>")
    return "\n".join(parts)
