"""Stands in for Binance, news feeds, article sites and CryptoPanic, with their real protocols, on one port.

The market is made from a seed or read from recorded frames. It never waits for a client and never replays
to one that was away; what it published and what each connection was sent is written to a log, so that a
test can hold a collector's lake against it.

====================================  ====================================================================
``/ws``, ``/ws/...``, ``/stream``     WebSocket streams ``<symbol>@trade`` and ``<symbol>@kline_1m``
``/api/v3/...``                       ``ping``, ``time``, ``exchangeInfo``, ``historicalTrades``, ``klines``
``/feeds/<name>.xml``                 ``coinwire`` and ``blockdaily`` (RSS), ``chainnotes`` (Atom)
``/articles/<slug>``                  pages of the stories in the feeds
``/api/<plan>/v2/posts/``             CryptoPanic
``POST /control/start``               let time run, after ``--wait-for-start``
``/control/status``                   state, event time, trades published by symbol, open connections
``/control/faults``                   GET lists, POST orders a fault: see ``simulator.faults``
====================================  ====================================================================
"""
