"""Turns what boto3 raises into the lake's errors: one clear line, without secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from include.errors import (
    BucketMissing,
    LostRace,
    ObjectMissing,
    StoreError,
    StoreRefused,
    StoreUnavailable,
    WriteInFlight,
)

_MISSING = {"NoSuchKey", "404", "NotFound"}
_REFUSED = {
    "403",
    "AccessDenied",
    "ExpiredToken",
    "InvalidAccessKeyId",
    "InvalidToken",
    "RequestTimeTooSkewed",
    "SignatureDoesNotMatch",
}


@contextmanager
def translated(bucket: str, key: str = "") -> Iterator[None]:
    """Raise the lake's error for whatever boto3 raises inside.

    Args:
        bucket: the bucket, for the message.
        key: the key or prefix, for the message.
    """
    try:
        yield
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise StoreRefused(
            "no S3 credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give the machine a role "
            f"({error})"
        ) from None
    except ClientError as error:
        raise _from_answer(error, f"s3://{bucket}/{key}") from error
    except ParamValidationError as error:
        raise StoreError(
            f"s3://{bucket}/{key}: S3 knows no such name: correct the bucket or the key"
        ) from error
    except BotoCoreError as error:
        raise StoreUnavailable(
            f"s3://{bucket}/{key}: S3 cannot be reached: check AWS_ENDPOINT_URL_S3 and the network "
            f"({_text(error)})"
        ) from error


def _text(error: BotoCoreError) -> str:
    """The client's own words in one line, without the query of the address."""
    return re.sub(r"\?[^\s\"]*", "", " ".join(str(error).split()))


def _from_answer(error: ClientError, place: str) -> StoreError:
    code = error.response.get("Error", {}).get("Code", "")
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    if code == "NoSuchBucket":
        return BucketMissing(f"{place}: the bucket does not exist: create it, or correct S3_BUCKET")
    if status == 412:
        return LostRace(f"{place}: somebody else wrote first ({code})")
    if status == 409:
        return WriteInFlight(f"{place}: another write of this key is under way ({code})")
    if code in _MISSING:
        return ObjectMissing(f"{place}: there is no such object")
    if code in _REFUSED or status == 403:
        return StoreRefused(
            f"{place}: S3 refused the request ({code}): check the key, the secret and the permissions"
        )
    if status >= 500 or status == 429:
        return StoreUnavailable(f"{place}: S3 answered {status} {code}")
    return StoreError(f"{place}: S3 answered {status} {code}")
