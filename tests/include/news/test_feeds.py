"""The list of feeds."""

from __future__ import annotations

from pathlib import Path

import pytest

from include.errors import SettingsError
from include.news.feeds import load_feeds


def test_the_packaged_list_is_a_good_default() -> None:
    feeds = load_feeds()
    assert len(feeds) >= 8
    assert all(feed.url.startswith("https://") for feed in feeds)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("feeds: []", "length"),
        ("feeds: [", "flow node"),
        ("- a", "Expected `object`"),
        ("feeds: [{name: Coin Desk, url: 'https://a.example/'}]", "$.feeds[0].name"),
        ("feeds: [{name: coin, url: 'ftp://a.example/'}]", "$.feeds[0].url"),
        ("feeds: [{name: coin, url: 'https://a.example/', every: 5}]", "every"),
        ("feeds: [{name: a, url: 'https://a.example/'}, {name: a, url: 'https://b.example/'}]", "twice: a"),
    ],
)
def test_a_wrong_list_is_one_line_that_says_what_is_wrong(tmp_path: Path, text: str, names: str) -> None:
    path = tmp_path / "feeds.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as caught:
        load_feeds(path)
    message = str(caught.value)
    assert names in message
    assert str(path) in message
    assert "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"absent\.yaml.*No such file"):
        load_feeds(tmp_path / "absent.yaml")
