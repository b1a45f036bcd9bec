"""Registers the lake with Airflow. Thin on purpose: everything stands in the package ``tradelake`` beside it."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class TradeLakePlugin(AirflowPlugin):
    """Bitcoin Trade Lake."""

    name = "tradelake"
