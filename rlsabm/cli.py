"""The command line: parses, calls, prints."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.text import Text

from rlsabm import __version__
from rlsabm.errors import LONGEST_LINE, LONGEST_NAME, UserError, nearest, visible
from rlsabm.printing.streams import finish_streams, prepare_streams, print_json, print_yaml
from rlsabm.printing.text import err, out, say, say_line
from rlsabm.printing.usage import setting_in_parts
from rlsabm.study import interruptions

if TYPE_CHECKING:
    from rlsabm.scenario import ResolvedScenario
    from rlsabm.study.study import Options

#: What a person sees who types nothing but the name of the program.
START = """\
By how much do conditions that compromise iron status raise the prevalence of restless legs syndrome?

  rlsabm run baseline                run a built-in scenario; results in outputs/baseline
  rlsabm new my_question.yaml        write a scenario of your own to edit
  rlsabm check my_question.yaml      see its mistakes, and what it implies
  rlsabm compare outputs/my_question compare its arms
  rlsabm conditions                  list the conditions and groups
  rlsabm help                        all commands; rlsabm help run explains one"""

app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Simulate by how much conditions that compromise iron status raise the prevalence of restless "
    "legs syndrome.",
)

#: Exit codes beside 0: a mistake, a study of which runs failed, an interruption.
MISTAKE, RUNS_FAILED, INTERRUPTED = 2, 3, 130

ScenarioFile = Annotated[
    str, typer.Argument(metavar="FILE", help="Scenario file, such as scenarios/baseline.yaml.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Change a value; may be given many times."),
]
FolderArgument = Annotated[
    str,
    typer.Argument(
        metavar="FOLDER",
        help="Folder of a study, such as outputs/baseline, or its name in outputs.",
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, max=1024, help="Processors of this machine to use; all by default."),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Run on a Dask cluster: address of its scheduler, the scheduler file (.json), or "
        "'local' for a cluster on this machine.",
    ),
]
TimeoutOption = Annotated[
    float | None,
    typer.Option(
        min=0.01,
        metavar="MINUTES",
        help="Give up and try again a run that takes longer; no limit by default.",
    ),
]
AddOption = Annotated[
    int,
    typer.Option(
        min=0,
        max=100_000,
        metavar="N",
        help="Add N replicates to those in the folder; rlsabm status suggests how many.",
    ),
]
DeviceOption = Annotated[
    Literal["cpu", "gpu"],
    typer.Option(
        help="Where people live: on processors, or on an NVIDIA GPU (pip install 'rlsabm[gpu]'), with "
        "the same numbers."
    ),
]
BitsOption = Annotated[
    bool,
    typer.Option(
        "--allow-different-bits",
        help="Use a GPU although it gives other numbers than a processor.",
    ),
]
NoReportOption = Annotated[
    bool,
    typer.Option(
        "--no-report",
        envvar="RLSABM_NO_REPORT",
        help="Write no report.html at the end; an earlier one of fewer runs is removed.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


def main(*, listening: bool = False) -> None:
    """One clear line and exit code 2 for a user's mistake, 130 when interrupted.

    Parameters
    ----------
    listening
        Whether requests to end are noted already: those that came meanwhile are not forgotten.
    """
    debug = "--debug" in sys.argv[1:]
    arguments = [word for word in sys.argv[1:] if word != "--debug"]
    if arguments[:1] == ["help"]:
        arguments = [*arguments[1:], "--help"]
    if not listening:
        interruptions.listen()
    prepare_streams()
    try:
        code = app(args=arguments, prog_name="rlsabm", standalone_mode=False)
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as error:
        # The reader of our output, such as head, has seen enough.
        code = 0 if isinstance(error.__context__, BrokenPipeError) else error.code
    except Exception as error:
        code, message = MISTAKE, _message_for_user(error, arguments)
        if interruptions.is_asked():
            code = INTERRUPTED  # which libraries may turn into an error of theirs
        elif debug or message is None:
            raise
        else:
            _say(f"error: {message}")
    if code == INTERRUPTED and not interruptions.is_heard():
        _say("Stopped.", style="")
    if (trouble := finish_streams()) is not None and not code:
        _say(f"error: {_message_for_user(trouble, arguments)}")
        code = MISTAKE
    raise SystemExit(code or 0)


def _say(line: str, style: str = "red") -> None:
    """Say a line on standard error."""
    say_line(line, style=style, console=err)


def _message_for_user(error: Exception, arguments: list[str]) -> str | None:
    """One line for a mistake of the user's or the machine's; None for one of ours."""
    if isinstance(error, UserError):
        return str(error)
    if isinstance(error, UnicodeEncodeError) and "\udc80" <= error.object[error.start] <= "\udcff":
        # A byte of the name of a file or folder, which libraries do not take.
        return f"{error.object}: is not a name in UTF-8; rename it, or choose another"
    if hasattr(error, "format_message"):  # a usage error of the command line
        return visible(str(error.format_message()), LONGEST_LINE) + setting_in_parts(arguments)
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
        say(f"rlsabm {__version__}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        say_line(START)


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
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    timeout: TimeoutOption = None,
    add_replicates: AddOption = 0,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="Delete the study in the folder, and run anew."),
    ] = False,
    device: DeviceOption = "cpu",
    allow_different_bits: BitsOption = False,
    no_report: NoReportOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a scenario file and write its tables and its report; go on where a run of it was stopped.

    FILE may be the manifest.json of a study, which is then run again as it was.

    Exit code: 0 if all is done, 3 if runs failed, 2 for a mistake, 130 when interrupted.

    Example: `rlsabm run scenarios/baseline.yaml --set population.size=50_000`
    """
    study = _read(file, settings)
    from rlsabm.study.study import Options

    options = Options(
        workers=workers,
        cluster=cluster,
        timeout=None if timeout is None else 60.0 * timeout,
        replace=replace,
        add_replicates=add_replicates,
        device=device,
        allow_different_bits=allow_different_bits,
    )
    _run(study, out_folder or Path("outputs") / study.name, options, as_json, report=not no_report)


@app.command()
def resume(
    folder: FolderArgument,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    timeout: TimeoutOption = None,
    add_replicates: AddOption = 0,
    device: DeviceOption = "cpu",
    allow_different_bits: BitsOption = False,
    no_report: NoReportOption = False,
    as_json: JsonOption = False,
) -> None:
    """Go on with a study that was stopped, and try again what failed; finished runs are kept.

    What is missing or damaged in the folder is made again.

    Example: `rlsabm resume outputs/baseline`
    """
    from rlsabm.results.sources import folder_of_study
    from rlsabm.study.study import Options, study_in

    path = folder_of_study(folder)
    minutes = None if timeout is None else 60.0 * timeout
    options = Options(
        workers=workers,
        cluster=cluster,
        timeout=minutes,
        add_replicates=add_replicates,
        device=device,
        allow_different_bits=allow_different_bits,
    )
    _run(study_in(path), path, options, as_json, report=not no_report)


@app.command()
def status(
    folder: FolderArgument,
    precision: Annotated[
        float,
        typer.Option(
            min=0.001,
            metavar="POINTS",
            help="Wanted half-width of the 95 % Monte-Carlo interval, in percentage points.",
        ),
    ] = 0.5,
    as_json: JsonOption = False,
) -> None:
    """Show how far a study has got, what failed and why, and how precise its estimates are.

    They are the caused shifts, or prevalences where no shift is traced.

    Example: `rlsabm status outputs/baseline`
    """
    from rlsabm.printing.status import print_status
    from rlsabm.results.sources import folder_of_study
    from rlsabm.study.status import find_status

    found = find_status(folder_of_study(folder), precision / 100.0)
    if as_json:
        print_json(found.as_mapping())
    else:
        print_status(found)


@app.command()
def check(
    file: ScenarioFile,
    settings: SetOption = None,
    all_mistakes: Annotated[
        bool, typer.Option("--all", help="Show all mistakes, not the first ones only.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Check a scenario file without running it, and show what it implies.

    People, work and country; prevalence by age of conditions that are new or changed; and hints where
    a figure is unlikely to be meant.

    Example: `rlsabm check scenarios/dialysis.yaml`
    """
    from rlsabm.scenario.checking import MOST_MISTAKES_LISTED, MOST_MISTAKES_SHOWN
    from rlsabm.study.settings import read_scenario

    most = MOST_MISTAKES_LISTED if all_mistakes else MOST_MISTAKES_SHOWN
    study = read_scenario(file, settings or [], most_mistakes=most)
    from rlsabm.printing.checked import print_checked
    from rlsabm.study.checking import check_study
    from rlsabm.study.hints import hints_about
    from rlsabm.study.implied import implied_by

    implied = implied_by(study, check_study(study))
    hints = hints_about(study, implied)
    if as_json:
        found = {**implied.as_mapping(), "hints": hints}
        print_json(found)
    else:
        print_checked(implied, hints)


@app.command()
def show(file: ScenarioFile, settings: SetOption = None, as_json: JsonOption = False) -> None:
    """Print a scenario with everything resolved, and where each value comes from.

    Example: `rlsabm show scenarios/dialysis.yaml --set runs.draws=5`
    """
    study = _read(file, settings)
    if as_json:
        print_json(study.as_mapping())
    else:
        print_yaml(study.to_yaml())


@app.command()
def conditions(
    name: Annotated[
        str | None, typer.Argument(help="Explain only this one, with its figures and sources.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--of", metavar="FILE", help="Those of this scenario file, its own ones included."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List and explain the conditions and groups in which RLS is counted.

    Example: `rlsabm conditions coeliac_disease`
    """
    from rlsabm.exposures.catalogue.condition import shipped_catalogue
    from rlsabm.printing.conditions import (
        as_records,
        explain_condition,
        find_group,
        print_conditions,
    )
    from rlsabm.study.settings import catalogue_of

    catalogue = (
        catalogue_of(_read(scenario, None).scenario.conditions)
        if scenario
        else list(shipped_catalogue())
    )
    group = find_group(name, catalogue, of_scenario=scenario is not None) if name else None
    if as_json:
        records = [r for r in as_records(catalogue) if group is None or r["name"] == group.name]
        print_json(records)
    elif group:
        explain_condition(group, catalogue)
    else:
        print_conditions(catalogue)


@app.command()
def treatments(
    name: Annotated[
        str | None, typer.Argument(help="Explain only this treatment or preset, with its sources.")
    ] = None,
    scenario: Annotated[
        str | None,
        typer.Option(
            "--of", metavar="FILE", help="Those of this scenario file, its own ones included."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """List and explain treatments, and the presets of rules by which they are offered.

    Example: `rlsabm treatments dopamine_agonist`
    """
    from rlsabm.care.treatment import shipped_treatments
    from rlsabm.printing.treatments import as_records, explain_treatment, print_treatments
    from rlsabm.study.settings import treatments_of

    known = treatments_of(_read(scenario, None).scenario) if scenario else shipped_treatments()
    if as_json:
        print_json(as_records(known))
    elif name:
        explain_treatment(name, known)
    else:
        print_treatments(known)


@app.command()
def instruments(as_json: JsonOption = False) -> None:
    """List the questionnaires and interviews that a scenario may name under observe.as.

    Example: `rlsabm instruments`
    """
    from rlsabm.measuring.instruments import instruments as known

    if as_json:
        print_json([i._asdict() for i in known().values()])
        return
    for instrument in known().values():
        say(f"{instrument.name}: {instrument.asks}", bold=True)
        say(
            f"    sensitivity {instrument.sensitivity:g}, specificity {instrument.specificity:g} at "
            f"45 years"
        )
        say(f"    {instrument.source}")


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
    from rlsabm.parameter_table import HEADINGS, PARAMETERS
    from rlsabm.posterior import shipped_posterior

    chosen = {name: p for name, p in PARAMETERS.items() if word is None or word.lower() in name}
    if not chosen:
        meant = nearest(str(word), {part for name in PARAMETERS for part in name.split("_")})
        hint = f"did you mean {meant}?" if meant else "rlsabm parameters lists them"
        raise UserError(f"no parameter has {str(word)[:LONGEST_NAME]!r} in its name ({hint})")
    if as_json:
        rows = [
            {field: getattr(p, field) for field in p.__slots__} | {"part": HEADINGS[name]}
            for name, p in chosen.items()
        ]
        print_json(rows)
        return
    part, calibrated = None, shipped_posterior().names
    for name, p in chosen.items():
        if HEADINGS[name] != part:
            part = HEADINGS[name]
            out.rule(Text(str(part), style="bold"), align="left")
        prior = str(p.prior)
        if prior not in ("fixed", "uniform"):
            prior += f", centre {p.centre:g}, spread {p.spread:g}"
        say(f"{name} = {p.default:g} {p.unit if p.unit != '1' else ''}", bold=True)
        say(f"    {p.meaning}")
        say(f"    {prior}; from {p.lower:g} to {p.upper:g}. {p.source}")
        if name in calibrated:
            say(
                "    Calibrated: the default is the mean of the posterior; the source is of the prior."
            )


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors.

    Example: `rlsabm schema > scenario.schema.json`
    """
    from rlsabm.scenario import json_schema

    print_json(json_schema())


@app.command()
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Scenario file to write.")],
    base: Annotated[str, typer.Option(help="Scenario to build on.")] = "baseline",
) -> None:
    """Write a new scenario file to edit.

    Example: `rlsabm new scenarios/my_question.yaml`
    """
    from rlsabm.study.templates import commands_for, write_template

    path = write_template(file, base)
    commands = commands_for(path)
    say_line(f"{path} is written. Edit it, then:")
    for verb in ("check", "run", "compare"):
        say_line(f"  {commands[verb]}")


@app.command()
def compare(
    a: Annotated[
        str,
        typer.Argument(
            metavar="A",
            help="Folder of a study, such as outputs/baseline; with an arm, such as "
            "outputs/blood_donation:no donation. Without an arm: the reference.",
        ),
    ],
    b: Annotated[
        str | None,
        typer.Argument(
            metavar="B",
            help="Study or arm to compare with. Without it, every arm of A is compared with the "
            "reference.",
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            metavar="NAMES",
            help="Break the comparison down, such as by sex,age_group: strata of the studies (sex, "
            "age_group, parity), condition, definition, recall, observed_as, year.",
        ),
    ] = None,
    condition: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="Only this condition or group; may be given many times. By default all groups, or "
            "everyone with --by.",
        ),
    ] = None,
    year: Annotated[
        int | None, typer.Option(help="Year of the survey; by default the last that both have.")
    ] = None,
    definition: Annotated[
        str, typer.Option(metavar="NAME", help="Definition of RLS: any, weekly or significant.")
    ] = "any",
    recall: Annotated[
        str, typer.Option(metavar="NAME", help="Recall period: current or past_year.")
    ] = "current",
    observed_as: Annotated[
        str,
        typer.Option("--as", metavar="NAME", help="Instrument that ascertains RLS, or truth."),
    ] = "truth",
    as_json: JsonOption = False,
) -> None:
    """Compare two studies or two arms: prevalence, caused shifts, and how they differ.

    Runs of the same people are compared pair by pair. Conditions that have moved most clearly come
    first. JSON gives proportions, not per cent.

    Example: `rlsabm compare outputs/blood_donation`

    By sex and age: `rlsabm compare outputs/blood_donation --by sex,age_group`

    One condition: `rlsabm compare outputs/blood_donation --condition iron_deficiency --by sex`

    Two studies: `rlsabm compare baseline "outputs/blood_donation:no donation" --definition weekly`
    """
    from rlsabm.printing.comparison import print_comparison
    from rlsabm.results.arm_counts import Choice
    from rlsabm.results.comparing import compare_each
    from rlsabm.results.sources import find_pairs

    strata = () if by is None else tuple(name.strip() for name in by.split(","))
    choice = Choice(year, definition, recall, observed_as, strata, tuple(condition or ()))
    comparisons = compare_each(find_pairs(a, b), choice)
    if as_json:
        rows = [row for comparison in comparisons for row in comparison.records()]
        print_json(rows)
        return
    for comparison in comparisons:
        print_comparison(comparison)


@app.command()
def report(
    folder: FolderArgument,
    out_file: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", help="File to write; FOLDER/report.html by default."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report of a study: one page of HTML with figures, numbers and methods.

    The page works without a network, on a screen, a phone and paper. It needs the extra `report`.

    Example: `rlsabm report outputs/baseline --out baseline.html`
    """
    from rlsabm.reporting.writing import write_report
    from rlsabm.results.sources import folder_of_study

    place = write_report(folder_of_study(folder), out_file)
    if as_json:
        print_json({"report": str(place)})
    else:
        say_line(f"Report: {place}")


@app.command()
def export(
    folder: FolderArgument,
    file_format: Annotated[
        str, typer.Option("--format", metavar="NAME", help="csv, dta (Stata) or xlsx (Excel).")
    ] = "csv",
    tables: Annotated[
        list[str] | None,
        typer.Option("--table", metavar="NAME", help="Only this table; may be given many times."),
    ] = None,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder to write to; FOLDER-csv by default."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Overwrite files that are there.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write the tables of a study for Stata, Excel, or any program that reads CSV.

    One file a table, with a codebook: units and meanings are in codebook.csv, in the second sheet of an
    Excel file, and in the labels of Stata's variables. Excel files need the extra `excel`.

    Example: `rlsabm export outputs/baseline --format dta --table prevalence --table shifts`
    """
    from rlsabm.reading import read
    from rlsabm.results.exporting import export_study, folder_beside
    from rlsabm.study.outside import check_outside

    study = read(folder)
    place = out_folder or folder_beside(study, file_format)
    check_outside(place, "choose another folder with --out")
    files = export_study(study, file_format, out=place, tables=tables or (), replace=replace)
    if as_json:
        listed = [
            {"file": str(file.path), "table": file.table, "rows": file.rows} for file in files
        ]
        print_json({"files": listed, "missing": study.missing})
        return
    for file in files:
        rows = f": {file.rows:,} row{'' if file.rows == 1 else 's'}" if file.table else ""
        say_line(f"{file.path}{rows}")
    if study.missing:
        say_line(f"The study is not complete: {study.missing}.")


@app.command()
def explore(
    scenario: Annotated[
        str, typer.Argument(metavar="[FILE]", help="Scenario file; the baseline by default.")
    ] = "baseline",
    settings: SetOption = None,
    size: Annotated[
        int, typer.Option(metavar="N", help="People to explore, from 100 to 20,000.")
    ] = 2_000,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            metavar="N",
            help="Port of the page on this machine, 0 for any; 8765 by default, or any if it is taken.",
        ),
    ] = None,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Print the address, and open no browser.")
    ] = False,
) -> None:
    """Open a page on which to explore a small population: sliders, prevalence, one person's life.

    Of the scenario it shows the reference, at the defaults of all parameters that the scenario does not
    set. The page is served on this machine only, and asks the internet for nothing. It needs the extra
    `explore`. Ctrl-C ends it.

    Example: `rlsabm explore scenarios/baseline.yaml --set population.country=denmark`
    """
    from rlsabm.exploring.asked import asked_of
    from rlsabm.exploring.serving import bound_socket, check_extra, open_browser, serving

    check_extra()
    asked = asked_of(_read(scenario, settings), size)
    try:
        with bound_socket(port) as bound:
            _compile_with_words()
            say("Starting the page ...", console=err)
            with serving(asked, bound) as address:
                say_line(f"The page is at {address} (Ctrl-C ends it).")
                if not no_browser and not open_browser(address):
                    say("Open this address in your browser: none could be opened from here.")
                while True:
                    time.sleep(0.2)
                    interruptions.look()
    except KeyboardInterrupt:
        interruptions.hear()
    say_line("The page is closed.")


def _compile_with_words() -> None:
    """Have the rules compiled, and say so, unless that was done before."""
    from rlsabm.compilation import is_compiled_before
    from rlsabm.exploring.explored import ExploredModel
    from rlsabm.study.progress import COMPILING

    if not is_compiled_before():
        say(f"{COMPILING} ...", console=err)
        ExploredModel(size=100, years=1).grow()


@app.command()
def validate(
    scenario: Annotated[
        str, typer.Argument(metavar="[FILE]", help="Scenario file; the baseline by default.")
    ] = "baseline",
    targets: Annotated[
        list[str] | None,
        typer.Option(
            "--targets",
            metavar="FILE",
            help="Target file; may be given many times. By default the calibration and the "
            "validation targets that ship.",
        ),
    ] = None,
    settings: SetOption = None,
    size: Annotated[
        int | None, typer.Option(metavar="N", help="People of each run; 100,000 by default.")
    ] = None,
    draws: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Draws of the parameters from the posterior, one run each; none by default: "
            "parameters have their defaults.",
        ),
    ] = 0,
    posterior: Annotated[
        str | None,
        typer.Option(
            metavar="FOLDER",
            help="Calibration whose posterior is drawn from, such as outputs/calibration; the one that "
            "ships by default.",
        ),
    ] = None,
    replicates: Annotated[
        int | None,
        typer.Option(metavar="N", help="Number of runs; 4 by default, 1 of each draw."),
    ] = None,
    workers: WorkersOption = None,
    out_folder: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write scorecard.parquet to this folder."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Set published figures beside those of the simulated people, and say which agree.

    Figures that parameters may be fitted to come first, then those to which nothing is ever fitted.
    Studies are simulated as the real ones were: instrument, ages, ascertainment, and size where it is
    known.

    Example: `rlsabm validate --size 20_000 --replicates 2`

    Figures of one's own: `rlsabm validate --targets my_figures.yaml --out outputs/my_figures`

    After a calibration of one's own: `rlsabm validate --draws 20 --posterior outputs/calibration`
    """
    from rlsabm.calibration.scorecard import PURPOSES, SIZE
    from rlsabm.calibration.scorecard import validate as compare_figures
    from rlsabm.printing.advancing import advancing
    from rlsabm.printing.scorecard import print_scorecard
    from rlsabm.study.outside import check_outside

    if out_folder is not None:
        check_outside(out_folder, "choose another folder with --out")
    with advancing(err) as advance:
        card = compare_figures(
            scenario,
            targets=targets or PURPOSES,
            settings=settings or [],
            size=SIZE if size is None else size,
            draws=draws,
            posterior=posterior,
            replicates=replicates,
            workers=workers,
            advance=advance,
        )
    path = None if out_folder is None else card.write(out_folder)
    if as_json:
        print_json(
            {
                "figures": card.records(),
                "inside": {purpose: card.inside(purpose) for purpose in PURPOSES},
                "file": None if path is None else str(path),
            }
        )
        return
    print_scorecard(card)
    if path is not None:
        say_line(f"Written: {path}")


@app.command()
def calibrate(
    file: Annotated[
        str,
        typer.Argument(
            metavar="FILE", help="Calibration file, such as scenarios/calibration.yaml."
        ),
    ],
    out_folder: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="DIR", help="Folder of the calibration; outputs/NAME by default."
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(metavar="N", help="People of each run, if not as the file says."),
    ] = None,
    evaluations: Annotated[
        int | None,
        typer.Option(metavar="N", help="Most runs in all, if not as the file says."),
    ] = None,
    hours: Annotated[
        float | None,
        typer.Option(
            min=0.001, metavar="H", help="Stop after H hours; the same command goes on later."
        ),
    ] = None,
    workers: WorkersOption = None,
    cluster: ClusterOption = None,
    timeout: TimeoutOption = None,
    as_json: JsonOption = False,
) -> None:
    """Learn parameters from published figures: draws from their posterior, as Parquet.

    It runs in waves, and keeps each run: the same command goes on after any stop, also with more
    `--evaluations` than before. It needs the extra `calibrate`.

    Exit code: 0 if all is done or its hours are over, 2 for a mistake, 130 when interrupted.

    Example: `rlsabm calibrate scenarios/calibration.yaml --hours 8`
    """
    from rlsabm.calibration.calibrating import calibrate as learn
    from rlsabm.calibration.file import read_calibration
    from rlsabm.printing.calibration import (
        CalibrationProgress,
        print_calibration,
        print_interrupted,
    )
    from rlsabm.study.outside import check_outside

    said = read_calibration(file)
    folder = out_folder or Path("outputs") / said.name
    check_outside(folder, "choose another folder with --out")
    options = said.options(
        evaluations=evaluations,
        hours=hours,
        workers=workers,
        cluster=cluster,
        timeout=None if timeout is None else 60.0 * timeout,
    )
    problem = said.problem(size)
    try:
        with CalibrationProgress(err) as progress:
            report = learn(problem, folder, options, watch=progress)
    except KeyboardInterrupt:
        interruptions.hear()
        given = {"--size": size, "--evaluations": evaluations, "--cluster": cluster}
        again = [word for pair in given.items() if pair[1] is not None for word in pair]
        print_interrupted(folder, ["rlsabm", "calibrate", file, "--out", folder, *again], err)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(
            {
                "folder": str(report.folder),
                "status": report.status,
                "trouble": report.trouble,
                "evaluations": report.evaluations,
                "failed": report.failed,
                "waves": report.waves,
                "cannot_be_shown": [target.key for target in said.cannot_be_shown],
            }
        )
        return
    print_calibration(report)
    if said.cannot_be_shown:
        names = ", ".join(target.key for target in said.cannot_be_shown)
        say(f"Not fitted to, because the model cannot show them yet: {names}.")
    say_line(f"Results: {folder}")


@app.command()
def sensitivity(
    source: Annotated[
        str,
        typer.Argument(
            metavar="FOLDER",
            help="Folder of a calibration, or of a study with many draws, such as "
            "outputs/calibration; or its name in outputs. With --method morris: a calibration file.",
        ),
    ],
    method: Annotated[
        str,
        typer.Option(
            metavar="NAME",
            help="given takes runs that there are; morris simulates new ones for elementary effects.",
        ),
    ] = "given",
    runs: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Of a calibration: posterior (the default) for the runs that its posterior holds, or "
            "all.",
        ),
    ] = None,
    trajectories: Annotated[
        int | None,
        typer.Option(
            metavar="N",
            help="With morris: trajectories, 10 by default, each with a run for each parameter and one "
            "more.",
        ),
    ] = None,
    size: Annotated[
        int | None,
        typer.Option(metavar="N", help="With morris: people of each run, if not as the file says."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, max=1024, help="With morris: processors of this machine to use; all by default."
        ),
    ] = None,
    most: Annotated[
        int, typer.Option(min=1, metavar="N", help="Parameters shown for each output at most.")
    ] = 5,
    seed: Annotated[
        int,
        typer.Option(
            min=0, help="Seed of the halves of runs behind intervals; with morris of all runs, too."
        ),
    ] = 1,
    out_folder: Annotated[
        Path | None,
        typer.Option(
            "--out",
            metavar="DIR",
            help="Folder to write to; FOLDER-sensitivity by default, with morris outputs/NAME-morris.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Say which parameters move which outputs, from runs that there are, or from new ones.

    Outputs are the targets of a calibration; or of a study prevalence, and caused shifts by condition.
    It writes a table and a picture, and needs the extra `sensitivity`. New runs are kept: the same
    command goes on after any stop.

    Example: `rlsabm sensitivity outputs/calibration`

    All runs of it: `rlsabm sensitivity outputs/calibration --runs all`

    New runs: `rlsabm sensitivity scenarios/calibration.yaml --method morris`
    """
    from rlsabm.calibration.sensitivity import folder_beside
    from rlsabm.calibration.sensitivity import sensitivity as find
    from rlsabm.printing.sensitivity import print_sensitivity
    from rlsabm.printing.usage import refuse_options
    from rlsabm.study.outside import check_outside

    of_morris = {"trajectories": trajectories, "size": size, "workers": workers}
    refuse_options(method, {"given": {"runs": runs}, "morris": of_morris})
    if method == "morris":
        _screen(source, out_folder, of_morris | {"seed": seed}, most, as_json)
        return
    found = find(source, runs=runs or "posterior", seed=seed)
    place = out_folder or folder_beside(found)
    check_outside(place, "choose another folder with --out")
    files = found.write(place)
    if as_json:
        print_json(
            {
                "runs": found.runs,
                "what": found.what,
                "indices": found.records(),
                "left_out": list(found.left_out),
                "files": [str(file) for file in files],
            }
        )
        return
    print_sensitivity(found, most)
    for file in files:
        say_line(f"Written: {file}")


def _screen(
    file: str, folder: Path | None, given: dict[str, int | None], most: int, as_json: bool
) -> None:
    """Run a calibration file for elementary effects with progress on standard error; print them."""
    from rlsabm.calibration.elementary_effects import elementary_effects, folder_of
    from rlsabm.printing.calibration import print_interrupted
    from rlsabm.printing.elementary_effects import EffectsProgress, print_effects

    place = folder or folder_of(file)
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        with EffectsProgress(err) as progress:
            found = elementary_effects(file, place, **chosen, watch=progress)
    except KeyboardInterrupt:
        interruptions.hear()
        words = [word for name, value in chosen.items() for word in (f"--{name}", value)]
        again = ["rlsabm", "sensitivity", file, "--method", "morris", "--out", place, *words]
        print_interrupted(place, again, err)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print_json(found.as_mapping())
        return
    print_effects(found, most)
    for path in found.files:
        say_line(f"Written: {path}")


def _run(
    study: ResolvedScenario, folder: Path, options: Options, as_json: bool, *, report: bool
) -> None:
    """Run a study with progress on standard error, print what it found, and write its report."""
    from rlsabm.printing.study import print_ending, print_failures, print_stopping, print_study
    from rlsabm.reading import read
    from rlsabm.results.overview import main_results
    from rlsabm.study.progress import StudyProgress
    from rlsabm.study.study import COMPLETE, run_study

    try:
        with StudyProgress(err) as progress:
            done = run_study(study, folder, options, watch=progress)
        found = (folder / "prevalence.parquet").exists()
        if found and not as_json:
            print_study(done.study, folder)
            print_ending(done, folder)
        page = _report(done.study, folder) if report and found else None
        if page is None and done.manifest["units"]["finished"] > done.found:
            _forget_report(folder)
        if as_json:
            said = {"folder": str(folder), "report": None if page is None else str(page)}
            print_json(done.manifest | said | {"results": main_results(read(folder))})
        elif page is not None:
            say_line(f"Report: {page}")
    except KeyboardInterrupt:
        interruptions.hear()
        print_stopping(folder, err)
        raise typer.Exit(INTERRUPTED) from None
    if done.status != COMPLETE:
        print_failures(done, folder, err)
        raise typer.Exit(RUNS_FAILED)


def _forget_report(folder: Path) -> None:
    """Take away a report that does not know of the runs that have come since."""
    from rlsabm.study.layout import REPORT

    page = folder / REPORT
    if page.exists():
        page.unlink(missing_ok=True)
        _say(
            f"Removed: {page}, which had fewer runs (rlsabm report {folder} writes it anew)",
            style="",
        )


def _report(study: ResolvedScenario, folder: Path) -> Path | None:
    """Write the report of a study that was run; its tables are there, whatever comes of the page."""
    from rlsabm.reporting.writing import write_report

    try:
        return write_report(folder, resolved=study)
    except UserError as error:
        _say(f"No report: {error}", style="")
        return None


def _read(file: str, settings: list[str] | None) -> ResolvedScenario:
    from rlsabm.study.settings import read_scenario

    return read_scenario(file, settings or [])
