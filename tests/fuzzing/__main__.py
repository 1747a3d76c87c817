"""Damage files by the thousand, and count what the program answers.

    PYTHONPATH=tests python -m fuzzing --files 10_000

Every file is damaged by chance, a command reads it, and what must not happen is counted: tracebacks,
hangs (above five seconds), files outside the folder of results, unreadable messages. ``--only 123``
shows the case of this number.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
from pathlib import Path

from fuzzing.running import Count, Worker, make_study


def count_answers(files: int, seed: int, processes: int = 2, first: int = 1) -> Count:
    """Count the answers to so many damaged files.

    Parameters
    ----------
    files, first
        How many, and the number of the first: a case is a function of its number and the seed.
    seed
        Seed of the damage.
    processes
        Processes that answer.
    """
    count, lock = Count(), threading.Lock()
    with tempfile.TemporaryDirectory() as folder:
        study = make_study(Path(folder))
        numbers = iter(range(first, first + files))

        def work() -> None:
            worker = Worker(study)
            while True:
                with lock:
                    number = next(numbers, None)
                if number is None:
                    break
                case, answer = worker.answer(number, seed)
                with lock:
                    count.add(number, case, answer)
            worker.end()

        threads = [threading.Thread(target=work) for _ in range(processes)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return count


def main() -> int:
    """Print the counts; exit code 1 if something happened that must not."""
    parser = argparse.ArgumentParser(prog="fuzzing", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--files", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--only", type=int, help="show the case of this number")
    chosen = parser.parse_args()
    files, first = (1, chosen.only) if chosen.only else (chosen.files, 1)
    count = count_answers(files, chosen.seed, min(chosen.processes, files), first)
    print("damaged:", ", ".join(f"{n} {kind}" for kind, n in count.by_kind.most_common()))
    print("exit codes:", ", ".join(f"{code}: {n}" for code, n in count.by_code.most_common()))
    print(f"slowest, runs apart: {count.slowest:.1f} s")
    for number, case, answer in sorted(count.troubles, key=lambda trouble: trouble[0]):
        print(
            f"\n{number}: {answer.trouble}: {case.kind}: {case.damage}: {' '.join(case.command)!r}"
        )
        print(answer.detail[-1500:])
    print(f"\n{sum(count.by_kind.values())} damaged files, {len(count.troubles)} wrong answers")
    return 1 if count.troubles else 0


if __name__ == "__main__":
    raise SystemExit(main())
