"""The collector's settings: environment, then ``.env``, then the YAML at ``CONFIG_FILE``, then defaults."""

from __future__ import annotations

import os
import socket
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Template
from typing import Annotated, Any, Literal

import yaml
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from include.errors import SettingsError
from include.lake.batching import Grid

_Symbol = Annotated[str, Field(pattern=r"^[A-Z0-9_-]{1,20}$")]
_Pair = Annotated[str, Field(pattern=r"^[a-z0-9_-]{1,20}$")]
"""As Binance allows them (error -1100), without the dot: they become names of folders and keys."""


class ProfileSource(YamlConfigSettingsSource):
    """A YAML profile in which ``${VAR}`` stands for a variable of the environment."""

    def _read_file(self, file_path: Path | Traversable) -> dict[str, Any]:
        try:
            profile = yaml.safe_load(Template(file_path.read_text()).substitute(os.environ))
        except yaml.YAMLError as error:
            raise SettingsError("CONFIG_FILE", str(file_path), f"YAML ({_fault(error)})") from None
        except UnicodeDecodeError:
            raise SettingsError("CONFIG_FILE", str(file_path), "YAML text, encoded in UTF-8") from None
        except (KeyError, ValueError) as error:
            raise SettingsError(
                "CONFIG_FILE",
                str(file_path),
                f"every ${{VAR}} in it must be set in the environment ({error})",
            ) from None
        if not isinstance(profile, dict):
            raise SettingsError("CONFIG_FILE", str(file_path), "YAML with one `name: value` a line")
        return {str(name).lower(): value for name, value in profile.items()}


class Settings(BaseSettings):
    """What the collector may be told; names are those of the environment, in lower case."""

    model_config = SettingsConfigDict(env_file=".env", extra="ignore", env_ignore_empty=True)

    aws_region: str = Field("us-east-1", description="AWS region")
    s3_bucket: str = Field(description="the bucket")
    aws_endpoint_url_s3: str | None = Field(
        None, pattern=r"^https?://", description="another S3 server than AWS"
    )
    data_source: str = Field("Binance", pattern=r"^[A-Za-z0-9_-]+$", description="first part of every key")
    asset_symbol: Annotated[tuple[_Symbol, ...], NoDecode] = Field(
        ("BTCUSDT",), description="symbols, comma separated"
    )
    trading_pair: Annotated[tuple[_Pair, ...], NoDecode] = Field(
        (), description="their names in stream names; default: lower case"
    )
    s3_prefix: str = Field("{data_source}/{symbol}/", description="prefix of the keys")
    batch_max_trades: int = Field(4000, ge=1, description="a batch ends at ids that are multiples of it")
    batch_max_seconds: int = Field(60, ge=1, le=60, description="windows of trade time; must divide 60")
    batch_max_bytes: int = Field(2_097_152, ge=1024, description="bound on a batch before compression")
    exchange_ws_url: str = Field(
        "wss://stream.binance.com:443", pattern=r"^wss?://", description="WebSocket base URL"
    )
    exchange_rest_url: str = Field(
        "https://api.binance.com", pattern=r"^https?://", description="REST base URL"
    )
    file_format: Literal["parquet", "csv", "jsonl"] = Field("parquet", description="format of the objects")
    connections: int = Field(2, ge=1, le=10, description="independent connections to the exchange")
    spool_dir: Path = Field(Path("spool"), description="folder of the journal")
    spool_max_bytes: int = Field(10 * 2**30, ge=2**20, description="bound on the journal")
    shutdown_seconds: float = Field(30, gt=0, description="time for the last uploads after SIGTERM")
    instance_id: str = Field(default_factory=socket.gethostname, description="who writes")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="log level")
    health_port: int = Field(8080, ge=1, le=65535, description="port of /health and /stats")
    metrics_port: int = Field(8081, ge=1, le=65535, description="port of /metrics")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Put the YAML profile behind environment and ``.env``."""
        profile = os.environ.get("CONFIG_FILE")
        sources = (init_settings, env_settings, dotenv_settings)
        if not profile:
            return sources
        if not Path(profile).is_file():
            raise SettingsError("CONFIG_FILE", profile, "an existing file")
        return (*sources, ProfileSource(settings_cls, yaml_file=profile))

    @field_validator("asset_symbol", "trading_pair", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        names = value.split(",") if isinstance(value, str) else value
        return tuple(str(name).strip() for name in names) if isinstance(names, list | tuple) else names

    @field_validator("batch_max_seconds")
    @classmethod
    def _divides_a_minute(cls, value: int) -> int:
        if 60 % value:
            raise ValueError("a number that divides 60")
        return value

    @model_validator(mode="after")
    def _pairs(self) -> Settings:
        if not self.trading_pair:
            self.trading_pair = tuple(symbol.lower() for symbol in self.asset_symbol)
        if len(self.trading_pair) != len(self.asset_symbol):
            raise SettingsError("TRADING_PAIR", ",".join(self.trading_pair), "one name for each ASSET_SYMBOL")
        if len(set(self.asset_symbol)) != len(self.asset_symbol):
            raise SettingsError("ASSET_SYMBOL", ",".join(self.asset_symbol), "different names")
        if len({self.prefix(symbol) for symbol in self.asset_symbol}) < len(self.asset_symbol):
            raise SettingsError(
                "S3_PREFIX", self.s3_prefix, "must hold {symbol} when there are several symbols"
            )
        return self

    @property
    def grid(self) -> Grid:
        """The settings of the cut."""
        return Grid(self.batch_max_trades, self.batch_max_seconds, self.batch_max_bytes)

    def prefix(self, symbol: str) -> str:
        """Where a symbol's objects stand.

        Raises:
            SettingsError: the template holds another name than ``{data_source}`` and ``{symbol}``.
        """
        try:
            prefix = self.s3_prefix.format(data_source=self.data_source, symbol=symbol)
        except (KeyError, IndexError, ValueError, AttributeError):
            raise SettingsError("S3_PREFIX", self.s3_prefix, "may hold {data_source} and {symbol}") from None
        return prefix if prefix.endswith("/") or not prefix else f"{prefix}/"


def load_settings() -> Settings:
    """Read the settings.

    Raises:
        SettingsError: a setting is not allowed: names the variable, the value and what is allowed.
    """
    try:
        settings = Settings()
    except ValidationError as error:
        raise _first_fault(error) from None
    for symbol in settings.asset_symbol:
        settings.prefix(symbol)
    return settings


def _first_fault(error: ValidationError) -> SettingsError:
    fault = error.errors()[0]
    name = str(fault["loc"][0]).upper()
    if fault["type"] == "missing":
        return SettingsError(name, "", "it must be set")
    return SettingsError(name, fault["input"], fault["msg"].removeprefix("Value error, "))


def _fault(error: yaml.YAMLError) -> str:
    """Say what is wrong in which line; the lines themselves may hold a secret."""
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark:
        return f"line {error.problem_mark.line + 1}: {error.problem}"
    return "it cannot be read as text"
