"""What all operators of the lake share."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator

if TYPE_CHECKING:
    from include.stores.s3 import S3Store


class LakeOperator(BaseOperator):
    """Work on the lake's bucket.

    :param bucket: the lake's bucket (templated).
    :param aws_conn_id: the Airflow connection to S3 (templated).
    """

    template_fields: Sequence[str] = ("bucket", "aws_conn_id")

    def __init__(self, *, bucket: str, aws_conn_id: str = "aws_default", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bucket = bucket
        self.aws_conn_id = aws_conn_id

    @cached_property
    def store(self) -> S3Store:
        """The bucket, once templates are rendered."""
        # Imported here: DAG files are parsed every few seconds, by processes that need no S3 client.
        from tradelake.hooks.lake import LakeHook

        return LakeHook(self.aws_conn_id, self.bucket).store
