"""The lake's bucket, reached with an Airflow AWS connection."""

from __future__ import annotations

from airflow.providers.amazon.aws.hooks.s3 import S3Hook

from include.stores.s3 import S3Store
from tradelake.settings import settings


class LakeHook(S3Hook):
    """Reach the lake's bucket.

    .. seealso::
        ``docs/data-contract.md`` for what stands in the bucket.

    :param aws_conn_id: the Airflow connection; its extra may hold ``endpoint_url`` and ``region_name``.
    :param bucket: the bucket; default: ``[tradelake] bucket``.
    """

    def __init__(self, aws_conn_id: str = "aws_default", bucket: str | None = None) -> None:
        super().__init__(aws_conn_id=aws_conn_id)
        self.bucket = bucket or settings().bucket

    @property
    def store(self) -> S3Store:
        """The bucket with the lake's conditional writes."""
        return S3Store(self.get_conn(), self.bucket)
