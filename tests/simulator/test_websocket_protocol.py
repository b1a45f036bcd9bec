"""What a client may ask on a WebSocket, and what makes the exchange hang up."""

import json

import pytest
from aiohttp import WSMsgType
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.simulator.running import connection_events, simulator


async def ask(client, text: str) -> str:
    await client.send(text)
    return await client.recv()


async def test_subscribe_list_and_unsubscribe(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket("/ws") as client:
        subscribe = '{"method":"SUBSCRIBE","params":["btcusdt@trade","btcusdt@kline_1m"],"id":1}'
        assert await ask(client, subscribe) == '{"result":null,"id":1}'
        unsubscribe = '{"method":"UNSUBSCRIBE","params":["btcusdt@kline_1m"],"id":"a-2"}'
        assert await ask(client, unsubscribe) == '{"result":null,"id":"a-2"}'
        listed = await ask(client, '{"method":"LIST_SUBSCRIPTIONS","id":null}')
        assert listed == '{"result":["btcusdt@trade"],"id":null}'
        await sim.start()
        assert json.loads(await client.recv())["e"] == "trade"


async def test_combined_property_changes_the_shape(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket("/ws/btcusdt@trade") as client:
        assert (
            await ask(client, '{"method":"GET_PROPERTY","params":["combined"],"id":2}')
            == '{"result":false,"id":2}'
        )
        change = '{"method":"SET_PROPERTY","params":["combined",true],"id":5}'
        assert await ask(client, change) == '{"result":null,"id":5}'
        await sim.start()
        assert json.loads(await client.recv())["stream"] == "btcusdt@trade"


@pytest.mark.parametrize(
    ("request_text", "code", "message"),
    [
        ("no json", 3, "Invalid JSON: expected value at line 1 column 1"),
        ('{"id":1}', 2, "Invalid request: missing field `method` at line 1 column 8"),
        (
            '{"method":"HELLO","id":1}',
            2,
            "Invalid request: unknown variant `HELLO`, expected one of `SUBSCRIBE`, ",
        ),
        (
            '{"method":"SUBSCRIBE","params":[],"id":1.5}',
            2,
            "Invalid request: request ID must be an unsigned integer",
        ),
        ('{"method":"SUBSCRIBE","params":"x","id":1}', 2, "Invalid request: params must be an array"),
        (
            '{"method":"SET_PROPERTY","params":[],"id":1}',
            2,
            "Invalid request: property name must be a string",
        ),
        ('{"method":"SET_PROPERTY","params":["other",true],"id":1}', 0, "Unknown property"),
        (
            '{"method":"SET_PROPERTY","params":["combined",1],"id":1}',
            1,
            "Invalid value type: expected Boolean",
        ),
    ],
)
async def test_a_wrong_request_gets_an_error_frame(tmp_path, request_text, code, message):
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket("/ws") as client:
        error = json.loads(await ask(client, request_text))
    assert list(error) == ["code", "msg"]
    assert error["code"] == code
    assert error["msg"].startswith(message)


async def test_a_connection_hears_at_most_1024_streams(tmp_path):
    names = [f"coin{number}usdt@trade" for number in range(1024)]
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket("/ws") as client:
        subscribe = {"method": "SUBSCRIBE", "params": names, "id": 1}
        assert await ask(client, json.dumps(subscribe)) == '{"result":null,"id":1}'
        one_more = await ask(client, '{"method":"SUBSCRIBE","params":["btcusdt@trade"],"id":2}')
        assert json.loads(one_more) == {"code": 2, "msg": "Invalid request: too many parameters"}
        again = await ask(client, '{"method":"SUBSCRIBE","params":["coin1usdt@trade"],"id":3}')
        assert json.loads(again)["result"] is None


@pytest.mark.parametrize(
    "path",
    ["/ws/btcusdt@trade?timeUnit=SECOND", "/ws/" + "/".join(f"c{number}@trade" for number in range(1025))],
)
async def test_a_wrong_address_is_refused(tmp_path, path):
    async with simulator(tmp_path, wait_for_start=True) as sim:
        with pytest.raises(InvalidStatus) as refused:
            await sim.websocket(path)
    assert refused.value.response.status_code == 400


async def test_a_ping_of_the_client_is_answered_with_its_payload(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket("/ws") as client:
        await (await client.ping(b"mine"))


async def test_more_than_five_messages_in_a_second_end_the_connection(tmp_path):
    async with simulator(tmp_path, wait_for_start=True) as sim, sim.websocket("/ws") as client:
        for number in range(6):
            await client.send(f'{{"method":"LIST_SUBSCRIPTIONS","id":{number}}}')
        answers = [await client.recv() for _ in range(5)]
        with pytest.raises(ConnectionClosed) as closed:
            await client.recv()
    assert [json.loads(answer)["id"] for answer in answers] == [0, 1, 2, 3, 4]
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1008, "Too many requests")
    assert connection_events(tmp_path)[-1]["reason"] == "Too many requests"


async def test_pings_go_on_after_the_market_and_an_answering_client_stays(tmp_path):
    async with simulator(tmp_path, ping_interval=0.25, pong_timeout=1.0) as sim:
        await sim.until_ended()
        async with sim.session.ws_connect(sim.url("/ws"), autoping=False) as client:
            payloads = []
            for _ in range(6):
                message = await client.receive()
                assert message.type is WSMsgType.PING
                payloads.append(message.data)
                await client.pong(message.data)
    assert all(payload.isdigit() for payload in payloads)
    assert len(set(payloads)) == 6


@pytest.mark.parametrize("answer", [None, b"", b"other"])
async def test_a_client_without_the_right_pong_is_closed(tmp_path, answer):
    async with (
        simulator(tmp_path, wait_for_start=True, ping_interval=0.25, pong_timeout=0.5) as sim,
        sim.session.ws_connect(sim.url("/ws"), autoping=False) as client,
    ):
        message = await client.receive()
        while message.type is WSMsgType.PING:
            if answer is not None:
                await client.pong(answer)
            message = await client.receive()
        assert (message.type, client.close_code) == (WSMsgType.CLOSE, 1008)
    assert connection_events(tmp_path)[-1]["reason"] == "Pong timeout"
