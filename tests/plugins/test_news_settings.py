"""Settings of the news DAGs."""

from __future__ import annotations

import pytest

from include.errors import SettingsError
from include.news.extract import EXTRACTORS
from tradelake.news_settings import EXTRACTOR_NAMES, NewsSettings, news_settings


def test_defaults() -> None:
    assert news_settings() == NewsSettings("trafilatura", 2_000_000, 50_000)


def test_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__TRADELAKE__ARTICLE_EXTRACTOR", "newspaper")
    monkeypatch.setenv("AIRFLOW__TRADELAKE__MAX_ARTICLE_BYTES", "1000")
    monkeypatch.setenv("AIRFLOW__TRADELAKE__MAX_ARTICLE_CHARS", "10")
    assert news_settings() == NewsSettings("newspaper", 1000, 10)


@pytest.mark.parametrize(
    ("variable", "value", "allowed"),
    [
        ("AIRFLOW__TRADELAKE__ARTICLE_EXTRACTOR", "goose", "one of trafilatura, newspaper"),
        ("AIRFLOW__TRADELAKE__MAX_ARTICLE_BYTES", "2MB", "a whole number, at least 1"),
        ("AIRFLOW__TRADELAKE__MAX_ARTICLE_CHARS", "0", "a whole number, at least 1"),
    ],
)
def test_a_wrong_value_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str, allowed: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingsError) as caught:
        news_settings()
    assert str(caught.value) == f"{variable}={value!r} is not allowed: {allowed}"


def test_every_engine_can_be_chosen() -> None:
    assert set(EXTRACTOR_NAMES) == set(EXTRACTORS)
