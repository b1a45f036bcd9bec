"""News feeds: RSS 2.0 with validators, RSS 2.0 without, and Atom."""

import hashlib
import uuid
from datetime import datetime
from email.utils import format_datetime
from xml.etree import ElementTree as ET

from aiohttp import ETag, hdrs, web

from simulator.stories import Story, stories_of
from simulator.web_address import article_url, base_url

ATOM = "http://www.w3.org/2005/Atom"
CONTENT = "http://purl.org/rss/1.0/modules/content/"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
ET.register_namespace("atom", ATOM)
ET.register_namespace("content", CONTENT)
ET.register_namespace("dc", DUBLIN_CORE)


class Feeds:
    """The three feeds, dated around the start of the market."""

    def __init__(self, start: datetime) -> None:
        self._stories = {name: stories_of(name, start) for name in ("coinwire", "blockdaily", "chainnotes")}

    def add_routes(self, app: web.Application) -> None:
        """Serve each feed under its name."""
        app.router.add_get("/feeds/coinwire.xml", self._coinwire)
        app.router.add_get("/feeds/blockdaily.xml", self._blockdaily)
        app.router.add_get("/feeds/chainnotes.xml", self._chainnotes)

    async def _coinwire(self, request: web.Request) -> web.StreamResponse:
        """RSS with ETag and Last-Modified, and 304 when they match."""
        stories = self._stories["coinwire"]
        body = _rss(request, "coinwire", "CoinWire", stories)
        etag = hashlib.sha256(body).hexdigest()[:32]
        modified = stories[0].published
        if _is_unchanged(request, etag, modified):
            response = web.Response(status=304)
        else:
            response = web.Response(body=body, content_type="application/rss+xml", charset="utf-8")
        response.etag = etag
        response.last_modified = modified
        response.headers[hdrs.CACHE_CONTROL] = "public, max-age=60"
        return response

    async def _blockdaily(self, request: web.Request) -> web.StreamResponse:
        """RSS without a validator: a reader can only compare bodies."""
        body = _rss(request, "blockdaily", "Block Daily", self._stories["blockdaily"])
        return web.Response(body=body, content_type="text/xml", charset="utf-8")

    async def _chainnotes(self, request: web.Request) -> web.StreamResponse:
        body = _atom(request, self._stories["chainnotes"])
        return web.Response(body=body, content_type="application/atom+xml", charset="utf-8")


def _is_unchanged(request: web.Request, etag: str, modified: datetime) -> bool:
    """A conditional request's outcome; If-None-Match wins over If-Modified-Since (RFC 9110, 13.2.2)."""
    if request.if_none_match is not None:
        return any(tag in {ETag("*"), ETag(etag), ETag(etag, is_weak=True)} for tag in request.if_none_match)
    return request.if_modified_since is not None and request.if_modified_since >= modified


def _rss(request: web.Request, name: str, title: str, stories: list[Story]) -> bytes:
    root = ET.Element("rss", version="2.0")
    channel = ET.SubElement(root, "channel")
    _add(channel, "title", title)
    _add(channel, "link", f"{base_url(request)}/")
    _add(channel, "description", f"{title}: news of the bitcoin market")
    _add(channel, "language", "en")
    _add(channel, "ttl", "5")
    _add(channel, "lastBuildDate", format_datetime(stories[0].published))
    self_link = {
        "href": f"{base_url(request)}/feeds/{name}.xml",
        "rel": "self",
        "type": "application/rss+xml",
    }
    ET.SubElement(channel, f"{{{ATOM}}}link", self_link)
    for story in stories:
        _add_item(request, channel, title, story)
    return _document(root)


def _add_item(request: web.Request, channel: ET.Element, author: str, story: Story) -> None:
    item = ET.SubElement(channel, "item")
    _add(item, "title", story.title)
    _add(item, "link", f"{article_url(request, story.slug)}?utm_source=rss&utm_medium=feed")
    _add(item, "guid", str(uuid.uuid5(uuid.NAMESPACE_URL, story.slug)), isPermaLink="false")
    _add(item, "pubDate", format_datetime(story.published))
    _add(item, f"{{{DUBLIN_CORE}}}creator", f"{author} newsroom")
    _add(item, "category", "Markets")
    _add(item, "description", story.summary)
    _add(item, f"{{{CONTENT}}}encoded", f"<p>{story.summary}</p>")


def _atom(request: web.Request, stories: list[Story]) -> bytes:
    root = ET.Element(f"{{{ATOM}}}feed")
    _add(root, f"{{{ATOM}}}title", "Chain Notes")
    _add(root, f"{{{ATOM}}}id", "tag:chainnotes.example,2026:feed")
    _add(root, f"{{{ATOM}}}updated", stories[0].published.isoformat())
    ET.SubElement(
        root, f"{{{ATOM}}}link", {"rel": "self", "href": f"{base_url(request)}/feeds/chainnotes.xml"}
    )
    for story in stories:
        entry = ET.SubElement(root, f"{{{ATOM}}}entry")
        _add(entry, f"{{{ATOM}}}title", story.title)
        _add(entry, f"{{{ATOM}}}id", f"tag:chainnotes.example,2026:{story.slug}")
        ET.SubElement(
            entry, f"{{{ATOM}}}link", {"rel": "alternate", "href": article_url(request, story.slug)}
        )
        _add(entry, f"{{{ATOM}}}published", story.published.isoformat())
        _add(entry, f"{{{ATOM}}}updated", story.published.isoformat())
        author = ET.SubElement(entry, f"{{{ATOM}}}author")
        _add(author, f"{{{ATOM}}}name", "Chain Notes newsroom")
        _add(entry, f"{{{ATOM}}}summary", story.summary)
    return _document(root)


def _add(parent: ET.Element, tag: str, text: str, **attributes: str) -> None:
    ET.SubElement(parent, tag, attributes).text = text


def _document(root: ET.Element) -> bytes:
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8", xml_declaration=True))
