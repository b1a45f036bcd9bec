"""Settings: where they come from, and what a wrong one says."""

from pathlib import Path

import pytest

from collector.settings import Settings, load_settings
from include.errors import SettingsError
from include.lake.batching import Grid


@pytest.fixture(autouse=True)
def only_these_variables(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the developer's own, no ``.env`` of the repository."""
    for name in (*Settings.model_fields, "config_file"):
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("S3_BUCKET", "lake")


def refusal() -> str:
    with pytest.raises(SettingsError) as error:
        load_settings()
    text = str(error.value)
    assert "\n" not in text
    return text


def profile(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    Path("profile.yaml").write_text(text)
    monkeypatch.setenv("CONFIG_FILE", "profile.yaml")


def test_defaults():
    settings = load_settings()
    assert settings.grid == Grid(4000, 60, 2_097_152)
    assert (settings.asset_symbol, settings.trading_pair) == (("BTCUSDT",), ("btcusdt",))
    assert settings.prefix("BTCUSDT") == "Binance/BTCUSDT/"
    assert (settings.file_format, settings.connections, settings.shutdown_seconds) == ("parquet", 2, 30)
    assert settings.spool_max_bytes == 10 * 2**30


def test_environment_goes_before_dotenv_before_profile_before_default(monkeypatch):
    profile(monkeypatch, "connections: 3\nfile_format: csv\nhealth_port: 1003\n")
    Path(".env").write_text("CONNECTIONS=4\nFILE_FORMAT=jsonl\n")
    monkeypatch.setenv("CONNECTIONS", "5")
    settings = load_settings()
    assert settings.connections == 5
    assert settings.file_format == "jsonl"
    assert settings.health_port == 1003
    assert settings.metrics_port == 8081


def test_a_profile_may_name_variables_of_the_environment(monkeypatch):
    profile(monkeypatch, "S3_BUCKET: ${STAGE}-lake\nasset_symbol: [BTCUSDT, ETHUSDT]\n")
    monkeypatch.delenv("S3_BUCKET")
    monkeypatch.setenv("STAGE", "dev")
    settings = load_settings()
    assert settings.s3_bucket == "dev-lake"
    assert settings.trading_pair == ("btcusdt", "ethusdt")


def test_several_symbols_are_paired_one_to_one(monkeypatch):
    monkeypatch.setenv("ASSET_SYMBOL", "BTCUSDT, ETHUSDT")
    monkeypatch.setenv("TRADING_PAIR", "btcusdt,ethusdt")
    settings = load_settings()
    assert list(zip(settings.asset_symbol, settings.trading_pair, strict=True)) == [
        ("BTCUSDT", "btcusdt"),
        ("ETHUSDT", "ethusdt"),
    ]


@pytest.mark.parametrize(
    ("template", "prefix"),
    [("raw/{symbol}", "raw/BTCUSDT/"), ("{data_source}/x/", "Binance/x/"), ("{symbol}/", "BTCUSDT/")],
)
def test_a_prefix_ends_with_a_slash(monkeypatch, template, prefix):
    monkeypatch.setenv("S3_PREFIX", template)
    assert load_settings().prefix("BTCUSDT") == prefix


def test_an_empty_variable_is_none_at_all(monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "")
    monkeypatch.setenv("FILE_FORMAT", "")
    assert load_settings().aws_endpoint_url_s3 is None


@pytest.mark.parametrize(
    ("name", "value", "allowed"),
    [
        ("FILE_FORMAT", "avro", "'parquet', 'csv' or 'jsonl'"),
        ("BATCH_MAX_SECONDS", "7", "a number that divides 60"),
        ("BATCH_MAX_SECONDS", "0", "greater than or equal to 1"),
        ("BATCH_MAX_TRADES", "0", "greater than or equal to 1"),
        ("BATCH_MAX_TRADES", "many", "a valid integer"),
        ("CONNECTIONS", "0", "greater than or equal to 1"),
        ("HEALTH_PORT", "65536", "less than or equal to 65535"),
        ("SHUTDOWN_SECONDS", "0", "greater than 0"),
        ("SPOOL_MAX_BYTES", "5", "greater than or equal to 1048576"),
        ("EXCHANGE_WS_URL", "https://x", "^wss?://"),
        ("EXCHANGE_REST_URL", "x.com", "^https?://"),
        ("AWS_ENDPOINT_URL_S3", "localhost:8333", "^https?://"),
        ("DATA_SOURCE", "a/b", "^[A-Za-z0-9_-]+$"),
        ("LOG_LEVEL", "LOUD", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(monkeypatch, name, value, allowed):
    monkeypatch.setenv(name, value)
    text = refusal()
    assert text.startswith(f"{name}={value!r} is not allowed: ")
    assert allowed in text


def test_the_bucket_must_be_named(monkeypatch):
    monkeypatch.delenv("S3_BUCKET")
    assert refusal() == "S3_BUCKET='' is not allowed: it must be set"


@pytest.mark.parametrize(
    ("variables", "name", "allowed"),
    [
        ({"ASSET_SYMBOL": "A,B", "TRADING_PAIR": "a"}, "TRADING_PAIR", "one name for each ASSET_SYMBOL"),
        ({"ASSET_SYMBOL": "A,A"}, "ASSET_SYMBOL", "different names"),
        (
            {"ASSET_SYMBOL": "A,B", "S3_PREFIX": "Binance/BTCUSDT/"},
            "S3_PREFIX",
            "must hold {symbol} when there are several symbols",
        ),
        (
            {"ASSET_SYMBOL": "A,B", "S3_PREFIX": "x/{{symbol}}/"},
            "S3_PREFIX",
            "must hold {symbol} when there are several symbols",
        ),
        ({"S3_PREFIX": "{stage}/"}, "S3_PREFIX", "may hold {data_source} and {symbol}"),
        ({"S3_PREFIX": "{symbol"}, "S3_PREFIX", "may hold {data_source} and {symbol}"),
        ({"S3_PREFIX": "{symbol.x}"}, "S3_PREFIX", "may hold {data_source} and {symbol}"),
    ],
)
def test_values_that_do_not_go_together(monkeypatch, variables, name, allowed):
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)
    assert refusal() == f"{name}={variables[name]!r} is not allowed: {allowed}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b\n  c: {", "YAML (line 2: mapping values are not allowed here)"),
        ("secret: ${TOKEN}\nkey: [1", "YAML (line 2: "),
        ("- one\n- two\n", "YAML with one `name: value` a line"),
        ("just words", "YAML with one `name: value` a line"),
        ("bucket: ${NOT_SET}", "every ${VAR} in it must be set in the environment ('NOT_SET')"),
        ("bucket: $", "every ${VAR} in it must be set in the environment"),
        ("\x07", "YAML (it cannot be read as text)"),
    ],
)
def test_a_broken_profile(monkeypatch, text, said):
    monkeypatch.setenv("TOKEN", "very-secret")
    profile(monkeypatch, text)
    answer = refusal()
    assert answer.startswith("CONFIG_FILE='profile.yaml' is not allowed: ")
    assert said in answer
    assert "very-secret" not in answer


def test_a_profile_that_is_not_there(monkeypatch):
    monkeypatch.setenv("CONFIG_FILE", "nowhere.yaml")
    assert refusal() == "CONFIG_FILE='nowhere.yaml' is not allowed: an existing file"


@pytest.mark.parametrize("symbol", ["btcusdt", "../../esc", "BTC/USDT", "", "A" * 21])
def test_a_symbol_that_no_exchange_has(monkeypatch, symbol):
    monkeypatch.setenv("ASSET_SYMBOL", f"BTCUSDT,{symbol}")
    assert refusal().startswith(f"ASSET_SYMBOL={symbol!r} is not allowed: String should match pattern")
