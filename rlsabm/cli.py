"""The command line: parses, calls, prints."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from rlsabm import __version__
from rlsabm.errors import UserError

if TYPE_CHECKING:
    import pandas as pd

    from rlsabm.scenario import ResolvedScenario

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="How much conditions that compromise iron raise the prevalence of restless legs syndrome.",
)
#: Tables are made for 100 columns.
out = Console(highlight=False)
out.width = max(out.width, 100) if sys.stdout.isatty() else 100
err = Console(stderr=True, highlight=False)

ADULT_AGE = 18
INTERRUPTED = 130

ScenarioFile = Annotated[
    str, typer.Argument(metavar="FILE", help="Scenario file, such as scenarios/baseline.yaml.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value; may be given many times."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main() -> None:
    """Entry point: one clear line and exit code 2 for a user's mistake, 130 when interrupted."""
    debug = "--debug" in sys.argv[1:]
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    try:
        code = app(args=arguments, prog_name="rlsabm", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:
        # The reader of our output, such as head, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 0
    except Exception as error:
        message = _message_for_user(error)
        if debug or message is None:
            raise
        err.print(f"error: {message}", style="red", markup=False, soft_wrap=True)
        code = 2
    if code == INTERRUPTED:
        err.print("Stopped. Nothing was written; run the same command to start again.")
    raise SystemExit(code)


def _message_for_user(error: Exception) -> str | None:
    """One line for a mistake of the user's or the machine's; None for one of ours."""
    if isinstance(error, UserError):
        return str(error)
    if hasattr(error, "format_message"):  # a usage error of the command line
        return str(error.format_message())
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
    return None


@app.callback(invoke_without_command=True)
def show_version(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks.")] = False,
) -> None:
    """Options of the program itself; ``--debug`` is taken off in `main`, wherever it stands."""
    if version:
        out.print(f"rlsabm {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        out.print(context.get_help())


@app.command()
def run(
    file: ScenarioFile,
    out_folder: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the results; outputs/NAME by default."
        ),
    ] = None,
    settings: SetOption = None,
    workers: Annotated[
        int | None, typer.Option(min=1, max=1024, help="Processors to use; all by default.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Replace a study with other settings.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Run a scenario file and write its tables.

    Example: `rlsabm run scenarios/baseline.yaml --set population.size=50_000`
    """
    study = _read(file, settings)
    folder = out_folder or Path("outputs") / study.name
    import pandas as pd

    from rlsabm.results.files import read_manifest
    from rlsabm.study.progress import StudyProgress
    from rlsabm.study.study import prepare_study, run_study

    preparation = prepare_study(study, folder, replace=replace)
    with StudyProgress(study, preparation.settings, err) as progress:
        run_study(
            study, preparation, threads=workers, progress=progress.advance, on_unit=progress.begin
        )
    if as_json:
        out.print_json(json.dumps(read_manifest(folder)))
        return
    prevalence = pd.read_parquet(folder / "prevalence.parquet")
    _print_summary(study, prevalence)
    resources = (read_manifest(folder) or {})["resources"]
    out.print(
        f"\n{resources['person_months'] / 12e6:.1f} million person-years in "
        f"{resources['seconds']:.0f} s. Results: [bold]{escape(str(folder))}[/bold]"
    )


@app.command()
def check(file: ScenarioFile, settings: SetOption = None) -> None:
    """Check a scenario file without running it.

    Example: `rlsabm check scenarios/dialysis.yaml`
    """
    study = _read(file, settings)
    from rlsabm.study.study import check_study, units_of

    check_study(study)
    scenario = study.scenario
    units = len(units_of(study))
    out.print(
        f"{study.path}: fine. {scenario.population.size:,} people of "
        f"{scenario.population.country}, surveyed in "
        f"{', '.join(map(str, scenario.observe.years))}; {units} run{'s' if units > 1 else ''} "
        f"(arms {len(study.arms)}, draws {scenario.runs.draws}, "
        f"replicates {scenario.runs.replicates})."
    )


@app.command()
def show(file: ScenarioFile, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Print a scenario with everything resolved, and where each value comes from.

    Example: `rlsabm show scenarios/dialysis.yaml --set runs.draws=5`
    """
    study = _read(file, settings)
    if as_json:
        print(json.dumps(study.as_mapping(), indent=2, ensure_ascii=False))
    else:
        print(study.to_yaml(), end="")


@app.command()
def conditions(as_json: JsonOption = False) -> None:
    """List the groups of people in which RLS is counted.

    Example: `rlsabm conditions`
    """
    from rlsabm.observe.conditions import CONDITIONS

    if as_json:
        rows = [condition._asdict() | {"members": None} for condition in CONDITIONS]
        for row in rows:
            del row["members"]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    table = Table(box=SIMPLE)
    for heading in ("condition", "kind", "who belongs to it", "source"):
        table.add_column(heading)
    for condition in CONDITIONS:
        table.add_row(condition.name, condition.kind, condition.definition, condition.source)
    out.print(table)


@app.command()
def parameters(
    word: Annotated[
        str | None, typer.Argument(help="Show only parameters with this word in their name.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List the parameters with unit, default, prior, bounds and source.

    Example: `rlsabm parameters ferritin`
    """
    from rlsabm.parameters.values import PARAMETERS, PARTS

    chosen = {name: p for name, p in PARAMETERS.items() if word is None or word.lower() in name}
    if not chosen:
        raise UserError(f"no parameter has {word!r} in its name; see rlsabm parameters")
    if as_json:
        rows = [
            {field: getattr(p, field) for field in p.__slots__} | {"part": PARTS[name]}
            for name, p in chosen.items()
        ]
        print(json.dumps(rows, indent=2, ensure_ascii=False))
        return
    part = None
    for name, p in chosen.items():
        if PARTS[name] != part:
            part = PARTS[name]
            out.rule(f"[bold]{part}[/bold]", align="left")
        prior = p.prior if p.prior in ("fixed", "uniform") else f"{p.prior}, spread {p.spread:g}"
        out.print(f"[bold]{name}[/bold] = {p.default:g} {p.unit if p.unit != '1' else ''}")
        out.print(f"    {p.meaning}", markup=False)
        out.print(f"    {prior}; from {p.lower:g} to {p.upper:g}. {p.source}", markup=False)


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors.

    Example: `rlsabm schema > scenario.schema.json`
    """
    from rlsabm.scenario import json_schema

    print(json.dumps(json_schema(), indent=2, ensure_ascii=False))


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Scenario file to write.")],
    base: Annotated[str, typer.Option(help="Scenario to build on.")] = "baseline",
) -> None:
    """Write a new scenario file to edit.

    Example: `rlsabm new scenarios/my_question.yaml`
    """
    from rlsabm.study.templates import write_template

    path = write_template(file, base)
    out.print(f"{path} is written. Edit it, then: rlsabm check {path}; rlsabm run {path}")


def _read(file: str, settings: list[str] | None) -> ResolvedScenario:
    from rlsabm.study.settings import read_scenario

    return read_scenario(file, settings or [])


def _percent(row: Any) -> str:
    if row.persons == 0:
        return "-"
    return f"{100 * row.prevalence:.1f} ({100 * row.lower:.1f}-{100 * row.upper:.1f})"


def _table(title: str, headings: list[str]) -> Table:
    """A table of numbers under a title."""
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 0, 0, 1))
    table.add_column(headings[0], no_wrap=True)
    for heading in headings[1:]:
        table.add_column(heading, justify="right", no_wrap=True)
    return table


def _print_summary(study: ResolvedScenario, prevalence: pd.DataFrame) -> None:
    """Prevalence by condition, and by age, sex and parity."""
    from rlsabm.results.summary import adults_only, of_study, pooled

    scenario = study.scenario
    year = scenario.observe.years[-1]
    out.print(f"\n[bold]{escape(scenario.title)}[/bold]")
    rows = of_study(prevalence, year=year)
    adults = adults_only(rows)
    youngest = min(
        (limit for limit in scenario.observe.age_groups if limit >= ADULT_AGE), default=0
    )
    who = "all ages" if len(adults) == len(rows) else f"{youngest} years and older"
    table = _table(
        f"RLS now, {who}, {year}: % with 95 % interval",
        ["condition", "persons", "any", "weekly", "clinically significant"],
    )
    for name, group in pooled(adults, ["condition", "definition"]).groupby(
        "condition", observed=True
    ):
        by_definition = {str(row.definition): row for row in group.itertuples()}
        table.add_row(
            str(name).replace("_", " "),
            f"{group['persons'].iloc[0]:,}",
            *(_percent(by_definition[d]) for d in ("any", "weekly", "significant")),
        )
    out.print(table)

    everyone = rows[(rows["condition"] == "everyone") & (rows["definition"] == "any")]
    if {"age_group", "sex"} <= set(everyone):
        _print_cross(everyone, "age_group", "sex", f"Any RLS by age and sex, {year}: %")
    if {"age_group", "parity"} <= set(everyone):
        women = adults_only(everyone[everyone["parity"] != "not a woman"])
        if len(women):
            _print_cross(women, "age_group", "parity", f"Any RLS in women by parity, {year}: %")
    if len(study.arms) > 1:
        _print_arms(study, prevalence, f"RLS by arm, {who}, {year}: % with 95 % interval")
    for surveyed in scenario.observe.years:
        people = (
            of_study(prevalence, year=surveyed, condition="everyone", definition="any")
            .groupby(["draw", "replicate"])["persons"]
            .sum()
        )
        if people.min() < scenario.population.size:
            out.print(
                f"Note: {people.min():,} people were surveyed in {surveyed}, not "
                f"{scenario.population.size:,}: so many lived with the country's age-sex structure."
            )


def _print_arms(study: ResolvedScenario, prevalence: pd.DataFrame, title: str) -> None:
    """Prevalence by condition, the arms below one another."""
    from rlsabm.results.summary import adults_only, of_study, pooled

    table = _table(title, ["condition", "arm", "persons", "any", "significant"])
    table.columns[1].justify = "left"
    counts = {
        arm: pooled(adults_only(of_study(prevalence, arm=arm)), ["condition", "definition"])
        for arm in study.arms
    }
    for name in prevalence["condition"].cat.categories:
        shown = str(name).replace("_", " ")
        for arm, rows in counts.items():
            of_group = rows[rows["condition"] == name]
            cells = {str(row.definition): row for row in of_group.itertuples()}
            if cells:
                table.add_row(
                    shown,
                    escape(arm),
                    f"{cells['any'].persons:,}",
                    _percent(cells["any"]),
                    _percent(cells["significant"]),
                )
                shown = ""
        table.add_section()
    out.print(table)


def _print_cross(rows: pd.DataFrame, down: str, across: str, title: str) -> None:
    """A table of prevalence by two strata."""
    from rlsabm.results.summary import pooled

    counts = pooled(rows, [down, across])
    cells = {(str(getattr(r, down)), str(getattr(r, across))): r for r in counts.itertuples()}
    headings = list(dict.fromkeys(counts[across].astype(str)))
    headings = [str(c) for c in rows[across].cat.categories if str(c) in headings]
    table = _table(title, [down.replace("_", " "), *headings])
    for name in [str(c) for c in rows[down].cat.categories]:
        if any((name, heading) in cells for heading in headings):
            table.add_row(
                name, *(_percent(cells[name, h]) if (name, h) in cells else "-" for h in headings)
            )
    out.print(table)


if __name__ == "__main__":
    main()
