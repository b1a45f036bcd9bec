"""The library that collector and DAGs share, free of Airflow."""

__version__ = "0.1.0"
