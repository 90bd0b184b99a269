"""Engines that the tests start themselves."""

from __future__ import annotations

from engines import engine
from postgres import postgres_url

__all__ = ["engine", "postgres_url"]
