"""Break rules and estimators one at a time: ``python -m tests.mutation``."""

from __future__ import annotations

import argparse
import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from .accepted import ACCEPTED
from .generating import MODULES, Mutant, all_mutants
from .listing import listed_mutants
from .noticing import tests_of
from .running import DOES_NOT_LOAD, STAGES, Copy, Outcome, check, load_what_all_need, run_plain

DESCRIPTION = """\
Break rules and estimators one at a time, and see which test notices.

Nothing in the checkout is changed: rules are broken in copies of the package in a temporary folder.
Prints what survives, by which tests the others were caught, and the score.
"""


def main(words: Sequence[str] | None = None) -> int:
    """Run the check; the exit code is 1 if a mutant survives that is not accepted."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutation",
        description=DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--module",
        action="append",
        default=[],
        metavar="PATH",
        help="modules whose path begins so, such as body/iron; may be repeated",
    )
    parser.add_argument("--sample", type=int, metavar="N", help="only N of them, by lottery")
    parser.add_argument("--seed", type=int, default=1, help="of the lottery")
    parser.add_argument(
        "--all",
        action="store_true",
        help="every mutant that can be generated, not only those of the list",
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, metavar="N")
    parser.add_argument(
        "--uncompiled",
        action="store_true",
        help="no tests of compiled rules, which take a minute a mutant",
    )
    parser.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="results, one a line; what is in it already is not run again",
    )
    parser.add_argument("--show", action="store_true", help="list the mutants and end")  # fmt: skip
    given = parser.parse_args(words)
    mutants = chosen_mutants(
        given.module, everything=given.all, sample=given.sample, seed=given.seed
    )
    if given.show:
        print(*(mutant.name for mutant in mutants), sep="\n")
        return 0
    known = _read(given.out)
    outcomes = [known[mutant.name] for mutant in mutants if mutant.name in known]
    left = [
        mutant for mutant in mutants if mutant.name not in known and mutant.name not in ACCEPTED
    ]
    outcomes += run(left, workers=given.workers, compiled=not given.uncompiled, out=given.out)
    return report(mutants, outcomes)


def chosen_mutants(
    modules: Sequence[str], *, everything: bool, sample: int | None, seed: int
) -> list[Mutant]:
    """The mutants asked for, in the order of the modules."""
    if unknown := [name for name in modules if not any(m.startswith(name) for m in MODULES)]:
        raise SystemExit(f"no module {', '.join(unknown)}; there are {', '.join(MODULES)}")
    mutants = list(all_mutants() if everything else listed_mutants())
    if modules:
        mutants = [m for m in mutants if m.module.startswith(tuple(modules))]
    if sample is not None and sample < len(mutants):
        places = sorted(random.Random(seed).sample(range(len(mutants)), sample))
        mutants = [mutants[place] for place in places]
    return mutants


def run(
    mutants: Sequence[Mutant], *, workers: int = 1, compiled: bool = True, out: Path | None = None
) -> list[Outcome]:
    """Put mutants to their tests, several at a time.

    Raises
    ------
    SystemExit
        If a test fails with the rules as they should be.
    """
    if not mutants:
        return []
    load_what_all_need()
    outcomes: list[Outcome] = []
    writing = threading.Lock()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rlsabm-mutation-") as folder:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for number in range(workers):
            copies.put(Copy(Path(folder) / f"copy-{number}"))

        def one(mutant: Mutant) -> None:
            copy = copies.get()
            try:
                outcome = check(mutant, copy, tests_of(mutant.module, compiled=compiled))
            finally:
                copies.put(copy)
            with writing:
                outcomes.append(outcome)
                if out is not None:
                    with out.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(outcome._asdict()) + "\n")
                minutes = (time.monotonic() - begun) / 60
                print(f"{len(outcomes)}/{len(mutants)} {minutes:.1f} min: {_line(outcome)}",
                      flush=True)  # fmt: skip

        with ThreadPoolExecutor(workers) as executor:
            list(executor.map(one, mutants))
        check_sound(outcomes, copies.get())
    return outcomes


def check_sound(outcomes: Iterable[Outcome], copy: Copy) -> None:
    """Make sure that the tests which noticed wrong rules pass where no rule is broken."""
    noticed_by = dict.fromkeys(
        outcome.test.removesuffix(DOES_NOT_LOAD)
        for outcome in outcomes
        if outcome.stage in ("plain", "net") and outcome.test.startswith("tests/")
    )
    if noticed_by and (failed := run_plain(copy, list(noticed_by), 600)):
        raise SystemExit(f"{failed} fails although no rule is broken")


def _line(outcome: Outcome) -> str:
    caught = f"by {outcome.test}" if outcome.stage else "SURVIVES"
    return f"{outcome.name}  [{outcome.stage or '-'} {outcome.seconds:g} s] {caught}"


def _read(path: Path | None) -> dict[str, Outcome]:
    if path is None or not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {row["name"]: Outcome(**row) for row in rows}


def report(mutants: Sequence[Mutant], outcomes: Sequence[Outcome]) -> int:
    """Print what was found; 1 if a mutant survives that is not accepted."""
    by_stage = Counter(outcome.stage for outcome in outcomes)
    tests = Counter(
        outcome.test.split("[")[0] for outcome in outcomes if outcome.stage in ("plain", "compiled")
    )
    print("\ncaught by")
    for test, count in tests.most_common():
        print(f"  {count:4d}  {test}")
    accepted = [mutant.name for mutant in mutants if mutant.name in ACCEPTED]
    if accepted:
        print("\naccepted")
        for name in accepted:
            print(f"  {name}\n      {ACCEPTED[name]}")
    by_net = [outcome for outcome in outcomes if outcome.stage == "net"]
    if by_net:
        print("\ncaught only by stored values")
        print(*(f"  {outcome.name}" for outcome in by_net), sep="\n")
    survivors = [outcome for outcome in outcomes if not outcome.stage]
    if survivors:
        print("\nsurvivors")
        print(*(f"  {outcome.name}" for outcome in survivors), sep="\n")
    meaning = by_stage["plain"] + by_stage["compiled"]
    caught, total = len(outcomes) - len(survivors), len(outcomes) + len(accepted)
    print(f"\n{total} mutants: {caught} caught ({100 * caught / max(total, 1):.1f} %), of them "
          f"{meaning} by what rules mean and {by_stage['net']} only by stored values; "
          f"{len(accepted)} accepted, {len(survivors)} survive")  # fmt: skip
    return 1 if survivors else 0


if __name__ == "__main__":
    assert set(STAGES) == {"plain", "compiled", "net"}
    sys.exit(main())
