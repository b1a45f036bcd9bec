"""Which news objects the lake holds, and whether each has its article text."""

from __future__ import annotations

from collections import Counter

import msgspec

from demo.proof.lake import Lake
from demo.proof.section import Section

_STATE = "Ext/_state/"
_HEARTBEAT = "Ext/TEST/"


class Article(msgspec.Struct, frozen=True):
    """What the proof reads of a row of article text."""

    status: str
    text: str | None


def check_news(lake: Lake, required: bool) -> Section:
    """Count the objects below `Ext/` and `ExtContent/` by source.

    Args:
        lake: the lake.
        required: demand a heartbeat, news, and for each news object the text of at least one article.

    Raises:
        BrokenLake: an object of article text is not a list of such rows.
    """
    section = Section(
        "News and articles", ("prefix", "objects", "for example"), where=lake.url("Ext/, ExtContent/")
    )
    written = [key for key in lake.keys("Ext/") if not key.startswith(_STATE)]
    texts = lake.keys("ExtContent/")
    sources = Counter(key.rsplit("/", 4)[0] + "/" for key in written + texts)
    for prefix, number in sorted(sources.items()):
        example = next(key for key in written + texts if key.startswith(prefix))
        section.rows.append((prefix, str(number), example))
    if required:
        news = [key for key in written if not key.startswith(_HEARTBEAT)]
        section.demand(len(news) < len(written), f"there is no heartbeat below {lake.url(_HEARTBEAT)}")
        section.demand(bool(news), f"there is no news below {lake.url('Ext/')}")
        for key in news:
            twin = key.replace("Ext/", "ExtContent/", 1)
            articles = lake.document(twin, list[Article])
            if articles is None:
                section.failures.append(f"{lake.url(key)} has no {lake.url(twin)}")
            else:
                readable = any(article.status == "ok" and article.text for article in articles)
                section.demand(readable, f"{lake.url(twin)} holds no article's text")
    return section
