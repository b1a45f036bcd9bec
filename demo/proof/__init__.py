"""An independent proof of what a lake holds.

Compares the objects that the lake's manifests list with the exchange's own log of what it published, and
with its klines. It imports nothing of the product: a mistake in the product's code cannot repeat itself here.
"""
