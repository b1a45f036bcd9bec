"""Feeds and article pages, read with the libraries that readers use."""

from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import feedparser
import pytest
import trafilatura

from simulator.stories import all_stories
from tests.simulator.running import START, simulator

FEEDS = {"coinwire": "rss20", "blockdaily": "rss20", "chainnotes": "atom10"}


async def text_of(sim, url, status=200, **headers):
    async with sim.session.get(url, headers=headers) as response:
        assert response.status == status
        return await response.text()


@pytest.mark.parametrize(("name", "version"), FEEDS.items())
async def test_a_feed_is_well_formed_and_links_to_this_server(tmp_path, name, version):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        feed = feedparser.parse((await text_of(sim, sim.url(f"/feeds/{name}.xml"))).encode())
        assert (feed.bozo, feed.version, len(feed.entries)) == (False, version, 8)
        assert all(entry.link.startswith(sim.url("/articles/")) for entry in feed.entries)
    assert len({entry.id for entry in feed.entries}) == 8
    published = [datetime(*entry.published_parsed[:6], tzinfo=UTC) for entry in feed.entries]
    assert published == sorted(published, reverse=True)
    assert all(abs(moment - START) < timedelta(hours=3) for moment in published)


async def test_validators_of_the_one_feed_that_has_them(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        url = sim.url("/feeds/coinwire.xml")
        async with sim.session.get(url) as response:
            etag, modified = response.headers["ETag"], response.headers["Last-Modified"]
        for matching in (
            {"If-None-Match": etag},
            {"If-None-Match": f"W/{etag}"},
            {"If-Modified-Since": modified},
        ):
            async with sim.session.get(url, headers=matching) as response:
                assert (response.status, await response.read()) == (304, b"")
                assert response.headers["ETag"] == etag
        assert await text_of(sim, url, **{"If-None-Match": '"other"', "If-Modified-Since": modified})


@pytest.mark.parametrize("name", ["blockdaily", "chainnotes"])
async def test_feeds_without_validators(tmp_path, name):
    async with (
        simulator(tmp_path, wait_for_start=True) as sim,
        sim.session.get(sim.url(f"/feeds/{name}.xml")) as response,
    ):
        assert not {"ETag", "Last-Modified"} & set(response.headers)


async def test_articles_can_be_extracted(tmp_path):
    texts = []
    async with simulator(tmp_path, wait_for_start=True) as sim:
        for story in all_stories(START):
            if story.availability.value == "published":
                url = sim.url(f"/articles/{story.slug}")
                page = await text_of(sim, url)
                document = trafilatura.bare_extraction(page, url=url, with_metadata=True)
                assert document.text == "\n".join(story.paragraphs)
                assert f'<link rel="canonical" href="{url}">' in page
                assert f'"datePublished": "{story.published.isoformat()}"' in page
                texts.append(document.text)
    assert len(texts) == 22
    assert min(len(text) for text in texts) >= 1200
    assert len(set(texts)) == 22


async def test_one_linked_article_is_gone_and_one_is_behind_a_challenge(tmp_path):
    statuses = []
    async with simulator(tmp_path, wait_for_start=True) as sim:
        for name in FEEDS:
            feed = feedparser.parse((await text_of(sim, sim.url(f"/feeds/{name}.xml"))).encode())
            for entry in feed.entries:
                async with sim.session.get(entry.link) as response:
                    statuses.append(response.status)
                    assert response.content_type == "text/html"
                    if response.status == 403:
                        assert response.headers["cf-mitigated"] == "challenge"
                        assert "Just a moment..." in await response.text()
        await text_of(sim, sim.url("/articles/unknown"), status=404)
    assert sorted(statuses) == [200] * 22 + [403, 404]


async def test_links_follow_the_host_header(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        feed = feedparser.parse(
            (await text_of(sim, sim.url("/feeds/coinwire.xml"), Host="news.example:8080")).encode()
        )
    assert {urlsplit(entry.link).netloc for entry in feed.entries} == {"news.example:8080"}
