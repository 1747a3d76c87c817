"""Mutants that no test can or need notice, by name, each with the reason."""

from __future__ import annotations

ACCEPTED: dict[str, str] = {}
