"""The exchange's JSON requests on a WebSocket: SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS and properties.

Answers and error frames as documented (binance-spot-api-docs, web-socket-streams.md).
"""

import json
import re
from typing import Any

from simulator.connection import Connection
from simulator.hub import Hub

MAX_STREAMS = 1024
METHODS = ("SUBSCRIBE", "UNSUBSCRIBE", "LIST_SUBSCRIPTIONS", "SET_PROPERTY", "GET_PROPERTY")
REQUEST_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")


class RequestError(Exception):
    """A request that is answered with an error frame."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.frame = json.dumps({"code": code, "msg": message}, separators=(",", ":"))


def answer(text: str, connection: Connection, hub: Hub) -> str:
    """Carry a request out and return the text of the answer frame."""
    try:
        request = _parse(text)
        result = _carry_out(request, connection, hub)
    except RequestError as error:
        return error.frame
    return json.dumps({"result": result, "id": request.get("id")}, separators=(",", ":"))


def _parse(text: str) -> dict[str, Any]:
    try:
        request = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"Invalid JSON: expected value at line {error.lineno} column {error.colno}"
        raise RequestError(3, message) from error
    if not isinstance(request, dict) or "method" not in request:
        raise RequestError(2, f"Invalid request: missing field `method` at line 1 column {len(text)}")
    if request["method"] not in METHODS:
        allowed = ", ".join(f"`{method}`" for method in METHODS)
        position = f"at line 1 column {text.find(str(request['method'])) + len(str(request['method'])) + 1}"
        raise RequestError(
            2, f"Invalid request: unknown variant `{request['method']}`, expected one of {allowed} {position}"
        )
    _check_id(request.get("id"))
    return request


def _check_id(request_id: object) -> None:
    if request_id is None or (isinstance(request_id, int) and not isinstance(request_id, bool)):
        return
    if isinstance(request_id, str) and REQUEST_ID.fullmatch(request_id):
        return
    raise RequestError(2, "Invalid request: request ID must be an unsigned integer")


def _carry_out(request: dict[str, Any], connection: Connection, hub: Hub) -> list[str] | bool | None:
    method = request["method"]
    parameters = request.get("params", [])
    if method == "LIST_SUBSCRIPTIONS":
        return list(connection.streams)
    if method in {"SET_PROPERTY", "GET_PROPERTY"}:
        return _property(method, parameters, connection)
    streams = _streams(parameters)
    if method == "UNSUBSCRIBE":
        hub.unsubscribe(connection, streams)
    else:
        check_stream_count(connection, streams)
        hub.subscribe(connection, streams)
    connection.log_subscriptions()
    return None


def check_stream_count(connection: Connection, streams: list[str]) -> None:
    """Refuse more than 1,024 streams on a connection.

    Raises:
        RequestError: the connection would hear more.
    """
    if len({*connection.streams, *streams}) > MAX_STREAMS:
        raise RequestError(2, "Invalid request: too many parameters")


def _streams(parameters: object) -> list[str]:
    if not isinstance(parameters, list) or not all(isinstance(name, str) for name in parameters):
        raise RequestError(2, "Invalid request: params must be an array of stream names")
    return parameters


def _property(method: str, parameters: object, connection: Connection) -> bool | None:
    if not isinstance(parameters, list) or not parameters or not isinstance(parameters[0], str):
        raise RequestError(2, "Invalid request: property name must be a string")
    if parameters[0] != "combined":
        raise RequestError(0, "Unknown property")
    if method == "GET_PROPERTY":
        return connection.frame_format.combined
    if len(parameters) != 2 or not isinstance(parameters[1], bool):
        raise RequestError(1, "Invalid value type: expected Boolean")
    connection.frame_format = connection.frame_format._replace(combined=parameters[1])
    return None
