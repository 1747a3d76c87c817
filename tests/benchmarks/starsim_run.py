"""Starsim's side of the comparison, for a Python that has it: ``starsim_run.py AGENTS YEARS``.

Runs once for each line that it reads, and answers with person-months and CPU-seconds.
"""

import sys
import time
import warnings

warnings.filterwarnings("ignore")

import starsim as ss  # noqa: E402


def run(agents, years):
    """Births, deaths and one disease that does not spread, month by month."""
    sim = ss.Sim(
        n_agents=agents,
        start=ss.date("1990-01-01"),
        stop=ss.date(f"{1990 + years}-01-01"),
        dt=ss.month,
        demographics=[ss.Pregnancy(), ss.Deaths()],
        diseases=[ss.NCD()],
        verbose=0,
    )
    sim.init()
    start = time.process_time()
    sim.run()
    return float(sim.results.n_alive.sum()), time.process_time() - start


if __name__ == "__main__":
    agents, years = int(sys.argv[1]), int(sys.argv[2])
    run(1000, 2)
    print(f"ready {ss.__version__}", flush=True)
    for _ in sys.stdin:
        print(*run(agents, years), flush=True)
