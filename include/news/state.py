"""What is kept of a feed between runs, and the rule that makes every entry be written once.

The state and the news objects cannot be written in one step. So the step that counts is one compare-and-swap
of the state: it marks the entries as seen **and** keeps them, with the key they belong under, in the outbox.
Writing the object and emptying the outbox come after, and whoever comes next finishes them: the retried run
or a later one. The same bytes go to the same key, so doing it twice is doing it once. Two runs at the same
moment cannot both take an entry, because one of them loses the swap and decides again.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import msgspec

from include.errors import InvalidRecord
from include.news.entries import FeedDocument
from include.news.keys import news_key, run_text
from include.news.rows import NewsRow, encode_rows

SEEN_KEPT = 2_000
"""Ids remembered beyond those that the feed still shows; a feed's window is some 25 to 100 entries."""


class Batch(msgspec.Struct, frozen=True):
    """Rows that are taken but whose object may not stand yet.

    Attributes:
        key: the object's key.
        body: the object's bytes, kept as they are: encoded again, they might differ.
    """

    key: str
    body: msgspec.Raw


class FeedState(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is known of one feed.

    Attributes:
        seen: ids of entries that were taken, oldest first.
        etag: validator of the last whole document, byte for byte as the server sent it.
        last_modified: the same.
        body_sha256: SHA-256 of the last document, for feeds without validators.
        last_run: the run that last took entries, as it stands in keys.
        last_key: the object that those entries went to.
        outbox: batches to be written, oldest first.
    """

    seen: list[str] = []
    etag: str | None = None
    last_modified: str | None = None
    body_sha256: str | None = None
    last_run: str | None = None
    last_key: str | None = None
    outbox: list[Batch] = []


def decode_state(body: bytes | None, key: str) -> FeedState:
    """Decode a state; None, where there is none yet, is an empty one.

    Raises:
        InvalidRecord: the object is not a feed's state; names the key and what to do.
    """
    if body is None:
        return FeedState()
    try:
        return msgspec.json.decode(body, type=FeedState)
    except msgspec.DecodeError as error:
        raise InvalidRecord(
            f"{key} is not a feed's state: {error}; restore an older version of it, or delete it "
            "and the feed starts anew"
        ) from error


def conditions(state: FeedState) -> dict[str, str]:
    """Request headers that ask for the document only if it changed."""
    headers = {"If-None-Match": state.etag, "If-Modified-Since": state.last_modified}
    return {name: value for name, value in headers.items() if value}


def with_document(
    state: FeedState, document: FeedDocument, body: bytes, *, etag: str | None, last_modified: str | None
) -> FeedState:
    """Remember which document was read.

    The validators of a document that broke off are not kept: they would hide the entries behind the break.
    """
    return msgspec.structs.replace(
        state,
        etag=etag if document.whole else None,
        last_modified=last_modified if document.whole else None,
        body_sha256=sha256(body).hexdigest(),
    )


def with_taken(state: FeedState, rows: Sequence[NewsRow], *, feed: str, run_time: datetime) -> FeedState:
    """Take the unseen rows: mark them as seen and put them into the outbox. Without any, nothing changes."""
    seen = set(state.seen)
    unseen = [row for row in rows if row.id not in seen]
    if not unseen:
        return state
    key = news_key("RSS", run_time, feed, (row.id for row in unseen))
    shown = {row.id: None for row in rows}
    gone = [entry_id for entry_id in state.seen if entry_id not in shown]
    return msgspec.structs.replace(
        state,
        seen=[*gone[-SEEN_KEPT:], *shown],
        last_run=run_text(run_time),
        last_key=key,
        outbox=[*state.outbox, Batch(key, msgspec.Raw(encode_rows(unseen)))],
    )


def without_batches(state: FeedState, written: Sequence[str]) -> FeedState:
    """Drop from the outbox what stands in the lake."""
    return msgspec.structs.replace(
        state, outbox=[batch for batch in state.outbox if batch.key not in written]
    )
