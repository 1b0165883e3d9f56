"""Restricts the sandbox's page to browsers that opened it in this run, and excludes other sites' pages."""

import hmac
import ipaddress
import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

LOOPBACK_NAMES = frozenset({"localhost", "localhost.localdomain"})
NOT_THIS_HOST = "The sandbox answers to 127.0.0.1, [::1] and localhost only. Open it by one of these names.\n"
NOT_THIS_ORIGIN = "The sandbox takes nothing from another site's page.\n"
NOT_THIS_RUN = "This page belongs to an earlier run of the sandbox, or was never opened here. Open / again.\n"
NOT_FROM_OUTSIDE = "From another machine the sandbox opens only with the address it printed, token included.\n"


class PageGuard:
    """Three checks, because any web page can send requests to loopback.

    `Host` must be a loopback name: a foreign name that resolves to loopback (DNS rebinding) is refused on every route.
    `Origin`, if present, must be the page's own, because WebSockets aren't subject to the same-origin policy.
    `/sandbox/` requires this run's token. The page at `/` sets it as a cookie: for loopback freely, for other machines
    only in exchange for the token itself (`/?token=…`).
    """

    def __init__(self, token: str | None = None) -> None:
        self.token = token or secrets.token_urlsafe(24)
        # Cookies aren't separated by port, so each sandbox on a machine needs a cookie name of its own.
        self.cookie = f"sandbox-{secrets.token_hex(4)}"

    @web.middleware
    async def middleware(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not is_loopback(_host_of(f"//{request.host}")):
            raise web.HTTPForbidden(text=NOT_THIS_HOST)
        if not _is_own_origin(request):
            raise web.HTTPForbidden(text=NOT_THIS_ORIGIN)
        if request.path.startswith("/sandbox/") and not self._is_known(request.cookies.get(self.cookie, "")):
            raise web.HTTPForbidden(text=NOT_THIS_RUN)
        return await handler(request)

    def admit(self, request: web.Request, response: web.StreamResponse) -> None:
        """Set the token cookie with the page. Raises HTTPForbidden for another machine without the token."""
        if not is_loopback(request.remote) and not self._is_known(request.query.get("token", "")):
            raise web.HTTPForbidden(text=NOT_FROM_OUTSIDE)
        response.set_cookie(self.cookie, self.token, path="/", httponly=True, samesite="Strict")

    def _is_known(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), self.token.encode())


def is_loopback(host: str | None) -> bool:
    """Is this a loopback name or address?"""
    if host is None or host.lower() in LOOPBACK_NAMES:
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_own_origin(request: web.Request) -> bool:
    origin = request.headers.get("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def _host_of(authority: str) -> str | None:
    try:
        return urlsplit(authority).hostname
    except ValueError:
        return None
