"""What a machine says of the package that it runs."""

from __future__ import annotations

import shutil
import tomllib
from pathlib import Path

from conftest import CHECKOUT

from rlsabm.study.machine import ONLY_IN_WHEELS, PACKAGE, hash_of, package_hash


def test_an_installed_package_has_the_hash_of_its_checkout(tmp_path: Path) -> None:
    """So that a study begun with one goes on with the other, and workers of a cluster agree."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text(encoding="utf-8"))
    wheel = project["tool"]["hatch"]["build"]["targets"]["wheel"]
    installed = shutil.copytree(CHECKOUT / "rlsabm", tmp_path / "rlsabm")
    for source, target in wheel["force-include"].items():
        assert target.removeprefix("rlsabm/") in ONLY_IN_WHEELS, target
        if (CHECKOUT / source).is_dir():
            shutil.copytree(CHECKOUT / source, tmp_path / target)
            (tmp_path / target / "own.csv").write_text("x\n")
        else:
            shutil.copy2(CHECKOUT / source, tmp_path / target)
    assert hash_of(installed) == package_hash()


def test_a_changed_source_or_table_changes_the_hash(tmp_path: Path) -> None:
    package = shutil.copytree(PACKAGE, tmp_path / "rlsabm")
    for name in (
        "body/iron.py",
        "data/kidney.csv",
        "data/countries/denmark/country.yaml",
        "data/treatments.yaml",
        "data/care/usual_care.yaml",
    ):
        before = hash_of(package)
        file = package / name
        file.write_text(file.read_text(encoding="utf-8") + "\n")
        assert hash_of(package) != before, name
