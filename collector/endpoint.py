"""Checks an S3 endpoint at start: reachable, permitted, and honest about conditional writes."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from collector.segments import replace_file
from include.errors import LakeError, LostRace, StoreUnavailable, WriteInFlight
from include.stores.s3 import S3Store

logger = logging.getLogger(__name__)

_RACERS = 8
_PROBE = "_probe/conditional-writes"


class DishonestEndpoint(LakeError):
    """The S3 server does not honour ``If-None-Match``."""


class _Checked(msgspec.Struct, frozen=True):
    endpoint: str | None
    bucket: str


def check_endpoint(store: S3Store, endpoint: str | None, spool: Path) -> None:
    """Check the bucket once; what passed is remembered in the spool.

    An endpoint that passed before may be away at a later start: the collector then collects into its journal.

    Args:
        store: the bucket.
        endpoint: its server, None for AWS.
        spool: the collector's folder, which exists.

    Raises:
        StoreError: unreachable, refused, or the bucket is missing.
        DishonestEndpoint: several writers could create the same object.
    """
    checked = _Checked(endpoint, store.bucket)
    is_known = _remembered(spool) == checked
    try:
        store.check()
    except StoreUnavailable as error:
        if not is_known:
            raise
        logger.warning("S3 is away (%s): collecting into the journal", error)
    if not is_known:
        _race(store)
        replace_file(spool / "endpoint.json", msgspec.json.encode(checked))


def _remembered(spool: Path) -> _Checked | None:
    try:
        return msgspec.json.decode((spool / "endpoint.json").read_bytes(), type=_Checked)
    except (FileNotFoundError, msgspec.MsgspecError):
        return None


def _race(store: S3Store) -> None:
    """Let several writers create one object: one may win, or none where it stands from an earlier start."""
    with ThreadPoolExecutor(_RACERS) as pool:
        winners = sum(pool.map(lambda _: _wins(store), range(_RACERS)))
    if winners > 1:
        raise DishonestEndpoint(
            f"{winners} of {_RACERS} writers created the same object in {store.bucket}: this S3 server "
            "ignores If-None-Match, on which the lake relies: use AWS S3 or SeaweedFS 4.17 or later"
        )


def _wins(store: S3Store) -> bool:
    try:
        store.replace(_PROBE, b"", if_match=None, content_type="application/octet-stream")
    except (LostRace, WriteInFlight):
        return False
    return True
