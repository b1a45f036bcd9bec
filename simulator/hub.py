"""Who is connected, who hears which stream, and one message to all of them."""

import itertools

from simulator.connection import Connection
from simulator.events import Message
from simulator.frames import FrameFormat, websocket_text_frame


class Hub:
    """Fans messages out; a frame is made once for each format in use, not once for each client."""

    def __init__(self) -> None:
        self.connections: dict[int, Connection] = {}
        self._subscribers: dict[str, list[Connection]] = {}
        self._ids = itertools.count(1)

    def next_id(self) -> int:
        """An id for a new connection."""
        return next(self._ids)

    def add(self, connection: Connection) -> None:
        """Let a connection take part."""
        self.connections[connection.connection_id] = connection

    def remove(self, connection: Connection) -> None:
        """Forget a connection and its subscriptions."""
        del self.connections[connection.connection_id]
        self.unsubscribe(connection, list(connection.streams))

    def subscribe(self, connection: Connection, streams: list[str]) -> None:
        """Send these streams to the connection from now on."""
        for stream in streams:
            if stream not in connection.streams:
                connection.streams.append(stream)
                self._subscribers.setdefault(stream, []).append(connection)

    def unsubscribe(self, connection: Connection, streams: list[str]) -> None:
        """Send these streams no more."""
        for stream in streams:
            if stream in connection.streams:
                connection.streams.remove(stream)
                self._subscribers[stream].remove(connection)

    def send(self, message: Message) -> None:
        """Queue a message for everyone who hears its stream."""
        frames: dict[FrameFormat, bytes] = {}
        for connection in self._subscribers.get(message.stream, ()):
            frame_format = connection.frame_format
            if frame_format not in frames:
                frames[frame_format] = websocket_text_frame(message.text(frame_format))
            connection.queue(frames[frame_format], message.trade)

    def flush(self) -> None:
        """Give every connection's queue to its socket."""
        for connection in self.connections.values():
            connection.flush()

    def log_sent(self) -> None:
        """Log for every connection what it was sent."""
        for connection in self.connections.values():
            connection.log_sent()
