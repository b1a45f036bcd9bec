"""Addresses on this server as the client sees it."""

from aiohttp import web


def base_url(request: web.Request) -> str:
    """Scheme and host by which the client called, without a slash at the end."""
    return f"{request.scheme}://{request.host}"


def article_url(request: web.Request, slug: str) -> str:
    """Address of an article's page."""
    return f"{base_url(request)}/articles/{slug}"
