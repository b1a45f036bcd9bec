"""Article pages as news sites serve them: text among navigation, and pages that cannot be read."""

import json
from datetime import datetime
from html import escape
from string import Template

from aiohttp import web

from simulator.stories import Availability, Story, all_stories
from simulator.web_address import article_url, base_url

SITE_NAMES = {"coinwire": "CoinWire", "blockdaily": "Block Daily", "chainnotes": "Chain Notes"}
RELATED_STORIES = 4

PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>$title | $site</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="description" content="$summary">
<link rel="canonical" href="$url">
<meta property="og:type" content="article">
<meta property="og:title" content="$title">
<meta property="og:url" content="$url">
<meta property="article:published_time" content="$published">
<script type="application/ld+json">$linked_data</script>
<script>window.dataLayer = window.dataLayer || [];</script>
</head>
<body>
<header>
<a href="$home" class="logo">$site</a>
<nav><ul><li><a href="$home">Markets</a></li><li><a href="$home">Technology</a></li>
<li><a href="$home">Opinion</a></li><li><a href="$home">Prices</a></li></ul></nav>
</header>
<div class="cookie-banner">We use cookies to make this site work. <button>Accept all</button></div>
<main>
<article>
<h1>$title</h1>
<p class="byline">By the $site newsroom · <time datetime="$published">$published_text</time></p>
<div class="article-body">
$paragraphs
</div>
</article>
<aside><h2>Related stories</h2><ul>$related</ul></aside>
<section class="newsletter"><h2>Get the morning letter</h2><p>One mail a day. No spam.</p>
<form><input type="email" placeholder="Your address"><button>Subscribe</button></form></section>
</main>
<footer><ul><li><a href="$home">About</a></li><li><a href="$home">Contact</a></li>
<li><a href="$home">Privacy</a></li><li><a href="$home">Terms of use</a></li></ul>
<p>© $year $site. All rights reserved. Nothing on this site is investment advice.</p></footer>
</body>
</html>
""")
NOT_FOUND_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Page not found</title></head>
<body><h1>Page not found</h1><p>The page that you asked for is not here, or not any more.</p></body></html>
"""
CHALLENGE_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Just a moment...</title>
<meta name="robots" content="noindex,nofollow"><meta http-equiv="refresh" content="360"></head>
<body><noscript>Enable JavaScript and cookies to continue</noscript>
<div id="challenge-running">Checking that the connection is secure before you proceed.</div></body></html>
"""


class Articles:
    """Pages of all stories; unknown and withdrawn ones are 404, one is behind a challenge."""

    def __init__(self, start: datetime) -> None:
        self._stories = {story.slug: story for story in all_stories(start)}

    def add_routes(self, app: web.Application) -> None:
        """Serve the pages."""
        app.router.add_get("/articles/{slug}", self._article)

    async def _article(self, request: web.Request) -> web.Response:
        story = self._stories.get(request.match_info["slug"])
        if story is None or story.availability is Availability.WITHDRAWN:
            return _html(NOT_FOUND_PAGE, 404)
        if story.availability is Availability.CHALLENGED:
            response = _html(CHALLENGE_PAGE, 403)
            response.headers["cf-mitigated"] = "challenge"
            return response
        return _html(self._page(request, story), 200)

    def _page(self, request: web.Request, story: Story) -> str:
        url = article_url(request, story.slug)
        return PAGE.substitute(
            title=escape(story.title),
            site=SITE_NAMES[story.feed],
            summary=escape(story.summary),
            url=url,
            home=f"{base_url(request)}/",
            published=story.published.isoformat(),
            published_text=f"{story.published:%d %B %Y, %H:%M} UTC",
            year=story.published.year,
            linked_data=json.dumps(_linked_data(story, url)),
            paragraphs="\n".join(f"<p>{escape(paragraph)}</p>" for paragraph in story.paragraphs),
            related=self._related(request, story),
        )

    def _related(self, request: web.Request, story: Story) -> str:
        others = [other for other in self._stories.values() if other.feed == story.feed and other != story]
        return "".join(
            f'<li><a href="{article_url(request, other.slug)}">{escape(other.title)}</a></li>'
            for other in others[:RELATED_STORIES]
        )


def _linked_data(story: Story, url: str) -> dict[str, object]:
    site = {"@type": "Organization", "name": SITE_NAMES[story.feed]}
    return {
        "@context": "https://schema.org",
        "@type": "NewsArticle",
        "mainEntityOfPage": {"@type": "WebPage", "@id": url},
        "headline": story.title,
        "datePublished": story.published.isoformat(),
        "dateModified": story.published.isoformat(),
        "author": {"@type": "Organization", "name": f"{SITE_NAMES[story.feed]} newsroom"},
        "publisher": site,
        "description": story.summary,
    }


def _html(text: str, status: int) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8")
