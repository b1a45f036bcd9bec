"""CryptoPanic's API, version 2, in its documented shape."""

from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from simulator.stories import Story, all_stories
from simulator.web_address import article_url, base_url

POSTS = 50
POSTS_PER_PAGE = 20
MAX_PAGE = 50
FIRST_POST_ID = 31_000_000
MINUTES_BETWEEN_POSTS = 3
TIME_FORMAT = "%Y-%m-%dT%H:%M:%SZ"


class CryptoPanic:
    """Posts about the stories of the news sites, newest first."""

    def __init__(self, token: str, start: datetime) -> None:
        self._token = token
        self._start = start
        self._stories = all_stories(start)

    def add_routes(self, app: web.Application) -> None:
        """Serve the posts of every plan."""
        app.router.add_get("/api/{plan}/v2/posts/", self._posts)

    async def _posts(self, request: web.Request) -> web.Response:
        if request.query.get("auth_token") != self._token:
            return web.json_response({"error": "Invalid auth token"}, status=401)
        page_text = request.query.get("page", "1")
        if not page_text.isdigit() or not 1 <= int(page_text) <= MAX_PAGE:
            info = f"page must be a number from 1 to {MAX_PAGE}"
            return web.json_response({"status": "api_error", "info": info}, status=400)
        page = int(page_text)
        first = (page - 1) * POSTS_PER_PAGE
        numbers = range(first, min(first + POSTS_PER_PAGE, POSTS))
        answer = {
            "next": _page_url(request, page + 1) if first + POSTS_PER_PAGE < POSTS else None,
            "previous": _page_url(request, page - 1) if page > 1 else None,
            "results": [self._post(request, number) for number in numbers],
        }
        return web.json_response(answer)

    def _post(self, request: web.Request, number: int) -> dict[str, Any]:
        story = self._stories[number % len(self._stories)]
        post_id = FIRST_POST_ID + POSTS - number
        published = self._start - timedelta(minutes=MINUTES_BETWEEN_POSTS * number)
        return {
            "id": post_id,
            "slug": story.slug,
            "title": story.title,
            "description": story.summary,
            "published_at": published.strftime(TIME_FORMAT),
            "created_at": published.strftime(TIME_FORMAT),
            "kind": "news",
            "source": _source(story),
            "original_url": article_url(request, story.slug),
            "url": f"{base_url(request)}/news/{post_id}/{story.slug}",
            "image": None,
            "instruments": _instruments(request) if "bitcoin" in story.title.lower() else [],
            "votes": _votes(number),
            "panic_score": 20 + number % 60,
            "panic_score_1h": 15 + number % 50,
            "author": None,
            "content": {"original": None, "clean": None},
        }


def _page_url(request: web.Request, page: int) -> str:
    """Address of another page; it holds the token, as the real answer's does."""
    return str(request.url.update_query(page=page))


def _source(story: Story) -> dict[str, str]:
    return {"title": story.feed, "region": "en", "domain": f"{story.feed}.example", "type": "feed"}


def _instruments(request: web.Request) -> list[dict[str, Any]]:
    return [
        {
            "code": "BTC",
            "title": "Bitcoin",
            "slug": "bitcoin",
            "url": f"{base_url(request)}/news/bitcoin/",
            "market_cap_usd": 1_220_000_000_000.0,
            "price_in_usd": 61_837.63,
            "price_in_btc": 1.0,
            "price_in_eth": 23.3,
            "price_in_eur": 57_120.5,
            "market_rank": 1,
        }
    ]


def _votes(number: int) -> dict[str, int]:
    names = ("negative", "positive", "important", "liked", "disliked", "lol", "toxic", "saved", "comments")
    return {name: (number * (place + 3)) % 11 for place, name in enumerate(names)}
