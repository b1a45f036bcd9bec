"""Errors of the lake.

LakeError                what a person can act on; its text is one clear line
├── SettingsError        a setting is wrong: names the variable, the value and what is allowed
├── StoreError           the object store did not do what was asked
│   ├── StoreUnavailable     unreachable, timed out or failing: try again later
│   ├── StoreRefused         credentials or permissions: someone must act
│   ├── BucketMissing        the bucket does not exist
│   ├── ObjectMissing        no object at that key
│   ├── LostRace             a compare-and-swap was lost to another writer: read again, try again
│   └── ContentConflict      another content stands at a key that is a function of its content
├── ExchangeError        the exchange's REST API did not answer as documented
└── InvalidRecord        a record breaks the data contract; it is quarantined, never rounded
"""

from __future__ import annotations


class LakeError(Exception):
    """Base of all errors that the lake raises on purpose."""


class SettingsError(LakeError):
    """A setting has a value that is not allowed."""

    def __init__(self, name: str, value: object, allowed: str) -> None:
        self.name = name
        self.value = value
        self.allowed = allowed
        super().__init__(f"{name}={value!r} is not allowed: {allowed}")


class StoreError(LakeError):
    """The object store did not do what was asked."""


class StoreUnavailable(StoreError):
    """The object store could not be reached, or failed; nothing is known about the outcome."""


class WriteInFlight(StoreUnavailable):
    """Another conditional write of the same key was under way: nothing is decided, try again."""


class StoreRefused(StoreError):
    """The object store refused the credentials or the permission."""


class BucketMissing(StoreError):
    """The bucket does not exist."""


class ObjectMissing(StoreError):
    """There is no object at the key."""


class LostRace(StoreError):
    """The object changed since it was read."""


class ContentConflict(StoreError):
    """The key holds another content; ours was kept under ``_conflict/``, nothing was overwritten."""

    def __init__(self, key: str, conflict_key: str) -> None:
        self.key = key
        self.conflict_key = conflict_key
        super().__init__(
            f"{key} already holds another content; ours was kept at {conflict_key}: compare the two by hand"
        )


class ExchangeError(LakeError):
    """The exchange's REST API did not answer as documented."""


class UnknownSymbol(ExchangeError):
    """The exchange does not know the symbol."""


class InvalidRecord(LakeError):
    """A record breaks the data contract."""
