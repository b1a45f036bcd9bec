"""The list of feeds: a YAML file that a person edits."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Annotated

import msgspec
import yaml

from include.errors import SettingsError

PACKAGED_FEEDS = Path(__file__).with_name("feeds.yaml")

_SETTING = "feeds_file"
_EXAMPLE = "include/news/feeds.yaml"

FeedName = Annotated[str, msgspec.Meta(pattern="^[a-z0-9][a-z0-9-]{0,62}$")]
"""Part of an S3 key and of its user metadata: lower case letters, digits and hyphens."""


class Feed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One feed.

    Attributes:
        name: our name for it; the ``source`` of its rows.
        url: where it is fetched.
    """

    name: FeedName
    url: Annotated[str, msgspec.Meta(pattern="^https?://[^/]+")]


class _FeedList(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    feeds: Annotated[list[Feed], msgspec.Meta(min_length=1)]


def load_feeds(path: Path | None = None) -> list[Feed]:
    """Read a list of feeds; None: the packaged list of Bitcoin feeds.

    Raises:
        SettingsError: the file cannot be read, or is not a list of uniquely named feeds.
    """
    path = path or PACKAGED_FEEDS
    try:
        feeds = msgspec.convert(yaml.safe_load(path.read_bytes()), _FeedList).feeds
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise SettingsError(_SETTING, str(path), f"a file like {_EXAMPLE}; {_one_line(error)}") from error
    twice = [name for name, count in Counter(feed.name for feed in feeds).items() if count > 1]
    if twice:
        raise SettingsError(_SETTING, str(path), f"every name once; twice: {', '.join(twice)}")
    return feeds


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
