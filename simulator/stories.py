"""The stories that the simulated news sites tell: made from templates, the same in every run.

Authors are newsrooms, not persons; nothing here was written by, or is about, anyone.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from random import Random

from simulator.sentences import PARAGRAPHS, SENTENCES_PER_PARAGRAPH

HEADLINES = {
    "coinwire": (
        "Bitcoin holds its range as spot volumes thin out before the weekend",
        "Miners send fewer coins to exchanges after the difficulty reset",
        "Exchange outage leaves order books one-sided for eleven minutes",
        "Stablecoin supply grows for a sixth week in a row",
        "Options desks pay up for protection below sixty thousand dollars",
        "Lightning capacity climbs while routing nodes consolidate",
        "Custodian publishes proof of reserves with daily snapshots",
        "Fee market calms after a week of crowded blocks",
    ),
    "blockdaily": (
        "Funding rates turn flat as leveraged longs step back",
        "Spot fund flows return after three quiet sessions",
        "Old coins move for the first time in nine years",
        "Hash rate sets a new high in spite of thinner margins",
        "Market makers widen spreads ahead of the inflation report",
        "Payment processor adds settlement in bitcoin for small shops",
        "Ether lags bitcoin as staking yields drift lower",
        "Draft rules for wallet providers withdrawn after comments",
    ),
    "chainnotes": (
        "What a full mempool tells about the next two weeks of fees",
        "Why trade counts and traded volume part ways at night",
        "Reading the gap between spot and perpetual prices",
        "How exchanges number their trades and what a gap means",
        "A short history of midnight candles",
        "Dust, change and the slow growth of the coin set",
        "When a quiet minute says more than a busy one",
        "Notes on measuring liquidity around round prices",
    ),
}
WITHDRAWN_HEADLINE = HEADLINES["blockdaily"][-1]
CHALLENGED_HEADLINE = HEADLINES["chainnotes"][-1]
MINUTES_BEFORE_START = 150
MINUTES_BETWEEN_STORIES = 24


class Availability(Enum):
    """What a reader gets who follows the link."""

    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    CHALLENGED = "challenged"


@dataclass(frozen=True)
class Story:
    """One article and what a feed tells of it."""

    feed: str
    slug: str
    title: str
    published: datetime
    paragraphs: tuple[str, ...]
    availability: Availability

    @property
    def summary(self) -> str:
        """The first paragraph."""
        return self.paragraphs[0]


def stories_of(feed: str, start: datetime) -> list[Story]:
    """A feed's stories, newest first, dated around the start of the market."""
    offset = sorted(HEADLINES).index(feed)
    stories = []
    for index, title in enumerate(HEADLINES[feed]):
        minutes = MINUTES_BETWEEN_STORIES * index + 7 * offset - MINUTES_BEFORE_START
        stories.append(_story(feed, title, start + timedelta(minutes=minutes)))
    return stories[::-1]


def all_stories(start: datetime) -> list[Story]:
    """The stories of all feeds, newest first."""
    stories = [story for feed in HEADLINES for story in stories_of(feed, start)]
    return sorted(stories, key=lambda story: story.published, reverse=True)


def _story(feed: str, title: str, published: datetime) -> Story:
    slug = "".join(letter if letter.isalnum() else "-" for letter in title.lower())
    return Story(feed, slug, title, published, _paragraphs(title), _availability(title))


def _availability(title: str) -> Availability:
    if title == WITHDRAWN_HEADLINE:
        return Availability.WITHDRAWN
    return Availability.CHALLENGED if title == CHALLENGED_HEADLINE else Availability.PUBLISHED


def _paragraphs(title: str) -> tuple[str, ...]:
    random = Random(title)
    paragraphs = []
    for sentences in PARAGRAPHS:
        chosen = random.sample(sentences, SENTENCES_PER_PARAGRAPH)
        numbers = {
            "percent": random.randint(2, 38),
            "price": f"{random.randint(58, 66)},{random.randint(100, 999)}",
            "count": random.randint(3, 60),
            "days": random.randint(4, 30),
        }
        paragraphs.append(" ".join(chosen).format(**numbers))
    return (f"{title}. {paragraphs[0]}", *paragraphs[1:])
