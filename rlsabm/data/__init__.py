"""Data that ship with the package, and the reading of tables and of YAML."""

from pathlib import Path

DATA = Path(__file__).parent
