"""References of a report: what every study rests on, and sources of its conditions and parameters."""

from __future__ import annotations

import numpy as np

from rlsabm.observe.groups import groups_of
from rlsabm.parameter_table import PARAMETERS
from rlsabm.posterior import shipped_posterior
from rlsabm.printing.words import capitalised
from rlsabm.reporting.studied import Studied
from rlsabm.scenario import REFERENCE
from rlsabm.study.implied import changed_conditions
from rlsabm.study.settings import catalogue_of

HYPOTHESIS = (
    "Allen RP, Earley CJ. The role of iron in restless legs syndrome. Mov Disord 2007;22 Suppl "
    "18:S440-8. doi 10.1002/mds.21607"
)
PROTOCOL = (
    "Grimm V, Railsback SF, Vincenot CE, et al. The ODD protocol for describing agent-based and "
    "other simulation models: a second update to improve clarity, replication, and structural "
    "realism. J Artif Soc Soc Simul 2020;23(2):7. doi 10.18564/jasss.4259"
)
PROPORTIONS = (
    "Brown LD, Cai TT, DasGupta A. Interval estimation for a binomial proportion. Stat Sci "
    "2001;16:101-33. doi 10.1214/ss/1009213286"
)
ADDED_PERSONS = (
    "Agresti A, Coull BA. Approximate is better than 'exact' for interval estimation of binomial "
    "proportions. Am Stat 1998;52:119-26. doi 10.1080/00031305.1998.10480550"
)
JACKKNIFE = (
    "Miller RG. The jackknife - a review. Biometrika 1974;61:1-15. doi 10.1093/biomet/61.1.1"
)


def references(studied: Studied) -> list[str]:
    """What the methods text refers to, in its order."""
    found = [HYPOTHESIS, PROTOCOL, PROPORTIONS]
    if studied.traced:
        found.append(ADDED_PERSONS)
    if studied.resolved.scenario.policy is not None:
        found.append(JACKKNIFE)
    return found


def condition_sources(studied: Studied) -> list[str]:
    """Definition and sources of the conditions that are traced, new or changed."""
    scenario = studied.resolved.scenario
    changed = {c.name for c, arm in changed_conditions(studied.resolved) if arm == REFERENCE}
    wanted = {*scenario.shifts.conditions, *changed}
    return [
        f"{capitalised(group.label)}: {group.definition}. {' '.join(group.source.split())}"
        for group in groups_of(catalogue_of(scenario.conditions))
        if group.name in wanted
    ]


def parameter_sources(studied: Studied) -> list[str]:
    """Values, meaning and source of the parameters that were calibrated or that the scenario sets."""
    table = studied.study.table("draws")
    table = table[table["arm"] == REFERENCE]
    values = table["value"].groupby(table["parameter"].astype(str))
    calibrated = set(shipped_posterior().names)
    own = set(studied.resolved.scenario.parameters)
    found = []
    for name, parameter in PARAMETERS.items():
        if name not in calibrated | own or name not in values.groups:
            continue
        used = values.get_group(name).to_numpy(float)
        unit = "" if parameter.unit == "1" else f" {parameter.unit}"
        spread = f" ({used.min():.3g} to {used.max():.3g})" if np.ptp(used) > 0.0 else ""
        origin = "set by the scenario" if name in own else "calibrated; the source is of the prior"
        meaning = parameter.meaning.rstrip(".")
        found.append(
            f"{name} = {used.mean():.4g}{spread}{unit}: {meaning}. {parameter.source} ({origin})"
        )
    return found
