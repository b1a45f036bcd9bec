"""Stands in for Binance, news feeds, article sites and CryptoPanic, with their real protocols, on one port.

The market is made from a seed or read from recorded frames. It never waits for a client and never replays
to one that was away; what it published and what each connection was sent is written to a log, so that a
test can hold a collector's lake against it.
"""
