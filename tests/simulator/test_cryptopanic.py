"""CryptoPanic's API."""

import pytest

from tests.simulator.running import simulator

PATH = "/api/growth/v2/posts/?auth_token=secret-1&public=true"

POST_FIELDS = [
    *("id", "slug", "title", "description", "published_at", "created_at", "kind", "source", "original_url"),
    *("url", "image", "instruments", "votes", "panic_score", "panic_score_1h", "author", "content"),
]


async def test_walking_by_next_gives_every_post_once_newest_first(tmp_path):
    posts, lengths = [], []
    async with simulator(tmp_path, wait_for_start=True, cryptopanic_token="secret-1") as sim:
        url = sim.url(PATH)
        while url is not None:
            page = await sim.json(url.removeprefix(sim.url("")))
            lengths.append(len(page["results"]))
            posts += page["results"]
            url = page["next"]
            assert url is None or "auth_token=secret-1" in url
            assert url is None or "public=true" in url
        assert page["previous"] == f"{sim.url(PATH)}&page=2"
    assert lengths == [20, 20, 10]
    assert len({post["id"] for post in posts}) == 50
    published = [post["published_at"] for post in posts]
    assert published == sorted(published, reverse=True)


async def test_a_post_has_the_documented_fields(tmp_path):
    async with simulator(tmp_path, wait_for_start=True, cryptopanic_token="secret-1") as sim:
        page = await sim.json(PATH)
        article = page["results"][0]["original_url"]
        assert article.startswith(sim.url("/articles/"))
    assert list(page) == ["next", "previous", "results"]
    assert list(page["results"][0]) == POST_FIELDS
    assert any(post["instruments"] for post in page["results"])
    assert any(not post["instruments"] for post in page["results"])


@pytest.mark.parametrize("path", ["/api/growth/v2/posts/", "/api/growth/v2/posts/?auth_token=wrong"])
async def test_a_wrong_token_is_refused(tmp_path, path):
    async with simulator(tmp_path, wait_for_start=True, cryptopanic_token="secret-1") as sim:
        assert await sim.error(path) == (401, {"error": "Invalid auth token"})


@pytest.mark.parametrize("page", ["51", "0", "x"])
async def test_a_page_out_of_bounds_is_refused(tmp_path, page):
    async with simulator(tmp_path, wait_for_start=True, cryptopanic_token="secret-1") as sim:
        status, body = await sim.error(f"{PATH}&page={page}")
    assert (status, body["status"]) == (400, "api_error")


async def test_a_page_after_the_last_is_empty(tmp_path):
    async with simulator(tmp_path, wait_for_start=True, cryptopanic_token="secret-1") as sim:
        page = await sim.json(f"{PATH}&page=50")
    assert (page["results"], page["next"]) == ([], None)
