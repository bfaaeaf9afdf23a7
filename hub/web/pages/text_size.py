"""大字版: the size of a page's text, chosen by `?text=large`, remembered by a cookie, for all pages alike.

Pages are compiled once for everybody; only those of a visitor who asked for large text are changed on their way out,
and by no byte in length, so no door and no template need know. The cookie says a size and nothing of who holds it; it
is set when somebody chooses, and never otherwise.
"""

from hub.web.observation import Application, Message, Receive, Scope, Send

COOKIE = b"text"
_STANDARD = b' class="standard">'
_LARGE = b' class="large"   >'
_KEPT_SECONDS = 365 * 24 * 3600
# The tag that bears the class ends within the first bytes of a page.
_SEEN = 120


class TextSize:
    """A plain ASGI layer around all doors; `secure` says whether the cookie is for https alone."""

    def __init__(self, inner: Application, *, secure: bool) -> None:
        self._inner = inner
        self._secure = b"; Secure" if secure else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        chosen = _chosen(scope["query_string"]) if scope["type"] == "http" else None
        if chosen is None and not (scope["type"] == "http" and _remembered(scope["headers"])):
            await self._inner(scope, receive, send)
            return
        is_page = False

        async def sized(message: Message) -> None:
            nonlocal is_page
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                is_page = any(name == b"content-type" and value.startswith(b"text/html") for name, value in headers)
                if is_page and chosen is not None:
                    message["headers"] = [*headers, (b"set-cookie", self._cookie(chosen))]
            elif is_page and chosen != b"standard":
                body = message.get("body", b"")
                message["body"] = body[:_SEEN].replace(_STANDARD, _LARGE, 1) + body[_SEEN:]
            await send(message)

        await self._inner(scope, receive, sized)

    def _cookie(self, size: bytes) -> bytes:
        kept = _KEPT_SECONDS if size == b"large" else 0
        return b"%s=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Lax%s" % (COOKIE, size, kept, self._secure)


def _chosen(query: bytes) -> bytes | None:
    if b"text=" not in query:
        return None
    return next((size for size in (b"large", b"standard") if b"text=" + size in query.split(b"&")), None)


def _remembered(headers: list[tuple[bytes, bytes]]) -> bool:
    return any(
        name == b"cookie" and COOKIE + b"=large" in [each.strip() for each in value.split(b";")]
        for name, value in headers
    )
