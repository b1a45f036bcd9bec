"""Buckets of these tests are given back."""

from tests.include.stores.given_back import bucket as bucket
