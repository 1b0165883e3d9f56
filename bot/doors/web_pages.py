"""Pages for people outside Slack: words from `templates/web`, a style of their own, and nothing else."""

import secrets
from typing import Any

from aiohttp import web

from bot.services import Services


class WebPages:
    """Readable without styles and without scripts, which the policy forbids."""

    def __init__(self, services: Services) -> None:
        self._services = services

    def page(self, status: int, template: str, headers: dict[str, str] | None = None, /, **facts: Any) -> web.Response:
        nonce = secrets.token_urlsafe(16)
        organisation = self._services.runbook.organisation
        words = self._services.rendering.say(f"web/{template}", nonce=nonce, organisation=organisation, **facts)
        return web.Response(
            status=status,
            text=words,
            content_type="text/html",
            headers={
                "Content-Security-Policy": f"default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'; "
                "base-uri 'none'; frame-ancestors 'none'",
                "X-Robots-Tag": "noindex, nofollow",
                **(headers or {}),
            },
        )
