"""The S3 server of the demo and of the test-suite."""

import socket

import boto3
import httpx
import psutil
import pytest
from botocore.exceptions import ClientError

from demo.seaweed import Seaweed
from tests.conftest import Bucket

pytestmark = pytest.mark.integration


def test_stores_and_returns_an_object(bucket: Bucket):
    bucket.put("folder/object", b"bytes")
    assert bucket.get("folder/object") == b"bytes"
    assert bucket.keys() == ["folder/object"]


def test_second_put_if_absent_is_refused(bucket: Bucket):
    bucket.client.put_object(Bucket=bucket.name, Key="once", Body=b"first", IfNoneMatch="*")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        bucket.client.put_object(Bucket=bucket.name, Key="once", Body=b"second", IfNoneMatch="*")


def test_wrong_secret_is_refused(bucket: Bucket):
    stranger = boto3.client(
        "s3",
        endpoint_url=bucket.endpoint.url,
        region_name=bucket.endpoint.region,
        aws_access_key_id=bucket.endpoint.access_key,
        aws_secret_access_key="wrong",
    )
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        stranger.list_objects_v2(Bucket=bucket.name)


def test_unknown_bucket_is_not_created(bucket: Bucket):
    with pytest.raises(ClientError, match="NoSuchBucket"):
        bucket.client.put_object(Bucket="never-created", Key="key", Body=b"")


def test_secret_is_not_in_the_text_of_the_endpoint(bucket: Bucket):
    assert bucket.endpoint.secret_key not in repr(bucket.endpoint)


def test_listens_on_loopback_only_and_serves_objects_only_on_the_s3_port(tmp_path):
    server = Seaweed(tmp_path)
    try:
        server.wait_ready()
        listening = [
            connection.laddr
            for connection in psutil.Process(server.process.pid).net_connections()
            if connection.status == psutil.CONN_LISTEN and connection.family == socket.AF_INET
        ]
        assert {address.ip for address in listening} == {"127.0.0.1"}
        served = {address.port for address in listening if _serves_the_root(address.port)}
        assert served <= {int(server.endpoint.url.rsplit(":", 1)[1])}
    finally:
        assert server.process.stop() == 0


def _serves_the_root(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/buckets", timeout=2, trust_env=False).is_success
    except httpx.TransportError:
        return False
