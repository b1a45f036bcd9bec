"""Registers the lake with Airflow. Thin on purpose: the package ``tradelake`` beside it holds everything."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin


class TradeLakePlugin(AirflowPlugin):
    """Bitcoin Trade Lake."""

    name = "tradelake"
