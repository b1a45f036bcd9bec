"""The boto3 client that the whole lake uses: bounded time-outs, standard retries, checksums on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client


def s3_client(region: str, endpoint_url: str | None = None, *, connections: int = 16) -> S3Client:
    """Build an S3 client; credentials come from the environment, a profile or the machine's role.

    Args:
        region: AWS region.
        endpoint_url: another S3 server; None: AWS.
        connections: size of the connection pool, at least the number of threads that share the client.
    """
    return boto3.session.Session().client(
        "s3",
        region_name=region,
        endpoint_url=endpoint_url,
        config=Config(
            connect_timeout=5,
            read_timeout=20,
            retries={"mode": "standard", "max_attempts": 4},
            max_pool_connections=connections,
            s3={"addressing_style": "path"} if endpoint_url else {},
        ),
    )
