"""Tables of a calibration: what each column holds."""

from __future__ import annotations

from rlsabm.calibration.diagnostics import PRIOR
from rlsabm.calibration.problem import Problem
from rlsabm.calibration.waves import Kind as WaveKind
from rlsabm.results.columns import DRAW
from rlsabm.results.table import Column, Kind, ResultTable
from rlsabm.results.vocabulary import Vocabulary

PARAMETER = Column(
    "parameter", "category", "", "name in the table of parameters",
    words=lambda vocabulary: vocabulary.parameters,
)  # fmt: skip
TARGET = Column(
    "target", "category", "", "name of the target", words=lambda vocabulary: vocabulary.targets
)
EVALUATION = Column("evaluation", "whole", "", "number of the run of the model")
WAVE = Column("wave", "whole", "", "number of the wave of runs; 0 is drawn from the priors")

EVALUATIONS = ResultTable(
    name="evaluations",
    title="Runs of the model",
    kind=Kind.CALIBRATION,
    columns=(
        EVALUATION,
        WAVE,
        Column("seed", "text", "", "seed of its random numbers"),
        Column("status", "category", "", "finished or failed", words=("finished", "failed")),
        Column("error", "text", "", "why it failed; empty if it has not"),
        Column("seconds", "number", "s", "time that it took; 0 if it failed"),
        Column("worker", "text", "", "host and process that did it; empty if it failed"),
    ),
)

VALUES = ResultTable(
    name="values",
    title="Values of the parameters in each run of the model",
    kind=Kind.CALIBRATION,
    columns=(
        EVALUATION,
        PARAMETER,
        Column("value", "number", "of the parameter", "value of the parameter"),
    ),
)

FIGURES = ResultTable(
    name="figures",
    title="Figures that each run of the model gave",
    kind=Kind.CALIBRATION,
    columns=(
        EVALUATION,
        TARGET,
        Column("simulated", "number", "of the target", "figure on the scale of the target"),
        Column(
            "monte_carlo_error", "number", "of the target",
            "standard error due to the limited number of people, on the scale of the target",
        ),
    ),
)  # fmt: skip

POSTERIOR = ResultTable(
    name="posterior",
    title="Draws of the parameters from the posterior, all of equal weight",
    kind=Kind.CALIBRATION,
    columns=(
        DRAW,
        EVALUATION,
        PARAMETER,
        Column("value", "number", "of the parameter", "value of the parameter in this draw"),
    ),
)

FIT = ResultTable(
    name="fit",
    title="Targets and what the model gives at draws from the posterior",
    kind=Kind.CALIBRATION,
    columns=(
        TARGET,
        Column(
            "scale", "category", "", "scale on which the target is compared",
            words=("identity", "log", "logit"),
        ),
        Column("published", "number", "of the target", "published figure"),
        Column(
            "published_lower", "number", "of the target",
            "lower limit of its interval; minus infinity, or 0, where the figure is an upper bound",
        ),
        Column("published_upper", "number", "of the target", "upper limit of this interval"),
        Column(
            "simulated", "number", "of the target",
            "figure of the model: mean over draws, on the scale of the target, of runs that say "
            "something of it",
        ),
        Column(
            "simulated_lower", "number", "of the target",
            "lower limit of the interval that holds 95 % of these runs",
        ),
        Column("simulated_upper", "number", "of the target", "upper limit of this interval"),
        Column("inside", "yes/no", "", "whether the simulated figure is in the published interval"),
        Column(
            "distance", "number", "standard deviations",
            "simulated less published figure, in standard deviations of the published one (with the "
            "discrepancy granted to the model); 0 on the right side of a bound",
        ),
        Column(
            "contribution", "number", "1",
            "share of the target in the sum of squared distances, as a mean over draws",
        ),
    ),
)  # fmt: skip

LEARNT = ResultTable(
    name="learnt",
    title="What the targets say of each parameter",
    kind=Kind.CALIBRATION,
    columns=(
        PARAMETER,
        Column("prior_median", "number", "of the parameter", "median of the prior"),
        Column("prior_lower", "number", "of the parameter", "2.5th percentile of the prior"),
        Column("prior_upper", "number", "of the parameter", "97.5th percentile of the prior"),
        Column("median", "number", "of the parameter", "median of the posterior"),
        Column("lower", "number", "of the parameter", "2.5th percentile of the posterior"),
        Column("upper", "number", "of the parameter", "97.5th percentile of the posterior"),
        Column(
            "sd_ratio", "number", "1",
            "ratio of posterior to prior standard deviation, where the prior is made normal; near 1, "
            "the targets do not identify the parameter",
        ),
        Column(
            "shift", "number", "standard deviations",
            "posterior mean where the prior is made standard normal",
        ),
        Column(
            "divergence", "number", "nats",
            "Kullback-Leibler divergence of the posterior from the prior, both taken as normal",
        ),
        Column("effective_size", "number", "draws", "effective size of the sample by walkers"),
        Column(
            "autocorrelation", "number", "steps", "integrated autocorrelation time of the walkers"
        ),
        Column("r_hat", "number", "1", "split R-hat over ensembles of walkers; 1 if they agree"),
    ),
)  # fmt: skip

WAVES = ResultTable(
    name="waves",
    title="Waves of runs, and what is known after each",
    kind=Kind.CALIBRATION,
    columns=(
        WAVE,
        Column(
            "drawn_from", "category", "", "what the runs of the wave are drawn from",
            words=tuple(kind.value for kind in WaveKind),
        ),
        Column("evaluations", "whole", "runs", "runs of the wave"),
        Column("failed", "whole", "runs", "runs that failed"),
        Column(
            "power", "number", "1", "power of the likelihood in the density they are drawn from"
        ),
        Column(
            "share_left", "number", "1",
            "share of the prior's space in which no target's implausibility is above 3, after the "
            "wave; missing where it is too small to tell",
        ),
        Column(
            "share_left_second", "number", "1",
            "share of the prior's space in which at most one target's implausibility is above 3; "
            "missing where it is too small to tell",
        ),
        Column(
            "emulator_share", "number", "1",
            "largest ratio, over targets, of the emulator's variance to that of the published figure, "
            "at draws from the posterior",
        ),
        Column(
            "worst_target", "category", "", "target with the largest distance",
            words=lambda vocabulary: vocabulary.targets,
        ),
        Column(
            "worst_distance", "number", "standard deviations",
            "its distance: emulated less published figure, as a mean over draws",
        ),
        Column(
            "effective_share", "number", "1",
            "of a wave drawn from the posterior: effective share of its draws, given what its runs "
            "have added; else missing",
        ),
        Column("r_hat", "number", "1", "largest split R-hat of the sample of the posterior"),
        Column("seconds_of_runs", "number", "s", "time of all runs together"),
        Column("seconds", "number", "s", "time of emulators, sample and history matching"),
    ),
)  # fmt: skip

IMPLAUSIBILITY = ResultTable(
    name="implausibility",
    title="History matching: implausibility by target, and how well emulators do, after each wave",
    kind=Kind.CALIBRATION,
    columns=(
        WAVE,
        TARGET,
        Column(
            "ruled_out", "number", "1",
            "share of the prior's space that this target alone rules out: implausibility above 3",
        ),
        Column("least", "number", "1", "smallest implausibility at any run of the model"),
        Column("posterior", "number", "1", "mean implausibility at draws from the posterior"),
        Column(
            "emulator_share", "number", "1",
            "ratio of the emulator's variance to that of the published figure, at these draws",
        ),
        Column(
            "left_out_error", "number", "1",
            "root mean square error at runs that the emulator is not told of, in its standard "
            "deviations; 1 if its uncertainty is right",
        ),
        Column(
            "left_out_coverage", "number", "1",
            "share of these runs within the emulator's 95 % interval",
        ),
    ),
)  # fmt: skip

CONFLICTS = ResultTable(
    name="conflicts",
    title="Targets that pull parameters to opposite sides",
    kind=Kind.CALIBRATION,
    columns=(
        TARGET,
        Column(
            "other", "category", "", "another target, or the prior",
            words=lambda vocabulary: [*vocabulary.targets, PRIOR],
        ),
        Column(
            "correlation", "number", "1",
            "correlation of the slopes of both misfits at draws from the posterior; below 0 where one "
            "gets better as the other gets worse",
        ),
        Column(
            "parameter", "category", "", "parameter that contributes most to it",
            words=lambda vocabulary: vocabulary.parameters,
        ),
        Column("part", "number", "1", "part of this parameter in the correlation"),
    ),
)  # fmt: skip

TABLES = {
    table.name: table
    for table in (
        POSTERIOR, FIT, LEARNT, WAVES, IMPLAUSIBILITY, CONFLICTS, EVALUATIONS, VALUES, FIGURES,
    )
}  # fmt: skip


def vocabulary_of(problem: Problem) -> Vocabulary:
    """Words of the tables of a calibration."""
    return Vocabulary(
        arms=(),
        worlds=(),
        groups={},
        instruments=(),
        age_limits=(),
        parameters=problem.parameter_names,
        strata=(),
        targets=problem.target_names,
    )
