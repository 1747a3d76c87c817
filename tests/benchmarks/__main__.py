"""All benchmarks as one table: ``python -m tests.benchmarks``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable

from . import gpu, growing, starting, studies, worlds
from .figures import PAGE, Measured, machine, page, table


def main() -> None:
    """Measure what is asked for, and print or write it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--largest", type=int, default=1_000_000, help="largest population to grow")
    parser.add_argument("--starsim", default="", help="a Python that has Starsim (this one)")
    parser.add_argument("--page", action="store_true", help=f"write docs/{PAGE.name}, too")
    parser.add_argument("--noted", default="", help="a sentence for that page")
    parts: dict[str, Callable[[argparse.Namespace], Iterable[Measured]]] = {
        "growing": lambda said: growing.beside_starsim(said.starsim or sys.executable),
        "agents": lambda _: growing.plain_mesa_agents(),
        "size": lambda said: growing.by_size(said.largest),
        "threads": lambda _: growing.on_threads(),
        "worlds": lambda _: worlds.paired_contrast(),
        "starting": lambda _: starting.starting(),
        "units": lambda _: studies.independent_units(),
        "large": lambda _: studies.large_population(),
        "gpu": lambda said: gpu.on_gpu(said.largest),
    }
    parser.add_argument("--only", nargs="+", choices=list(parts), help="parts to measure (all)")
    said = parser.parse_args()
    print(machine(), flush=True)
    found = []
    for name in said.only or parts:
        for measured in parts[name](said):
            print(f"- {measured.what}: {measured.value} ({measured.how})", flush=True)
            found.append(measured)
    print(f"\n{table(found)}")
    if said.page:
        PAGE.write_text(page(found, said.noted), encoding="utf-8")


if __name__ == "__main__":
    main()
