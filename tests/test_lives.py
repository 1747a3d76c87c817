"""Lives month by month: they end as the line lists say, in all worlds; and their figure."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import Study as Ran
from study_tools import SMALL

import rlsabm
from rlsabm.errors import UserError
from rlsabm.plots.life_numbers import INVISIBLE, LEAST_FERRITIN, PANELS, RLS, SIGNIFICANT
from rlsabm.plots.thinning import points_that_matter
from rlsabm.results.study_results import Study
from rlsabm.study import lives as lives_module
from rlsabm.study.lives import world_without
from rlsabm.study.settings import country_of, read_scenario, unit_setting
from rlsabm.worlds.world import worlds_of

#: Another run than that taken where nothing is said.
OTHER: dict[str, Any] = {"arm": "nothing changed", "draw": 2, "replicate": 1}
DONATION, PREGNANCY = "without blood donation", "without pregnancy"
#: What the line list and a life both say of a person.
IN_BOTH = (
    "age", "storage_iron_mg", "stores_ferritin_ug_per_l", "haemoglobin_g_per_l",
    "cns_iron_exchangeable", "cns_iron_structural", "csf_ferritin_ug_per_l", "dopamine_deficit",
    "liability", "rls", "rls_weekly", "rls_significant", "kidney",
)  # fmt: skip


@pytest.fixture(scope="module")
def results(study: Ran) -> Study:
    return rlsabm.read(study.folder)


@pytest.fixture(scope="module")
def persons(results: Study) -> pd.DataFrame:
    """The line list of the run."""
    table = results.table("persons")
    return of_run(table)


def of_run(table: pd.DataFrame) -> pd.DataFrame:
    chosen = np.logical_and.reduce([table[key] == value for key, value in OTHER.items()])
    return table[chosen]


def telling(persons: pd.DataFrame, count: int = 6) -> list[str]:
    """People of whom much can be told: donors and mothers, then people by lot."""
    now = persons[(persons["world"] == "factual") & (persons["year"] == 2019)]
    donors = now[now["blood_donation"] & (now["parity"] > 0)]
    mothers = now[now["parity"] > 1]
    return [
        *donors["uid"].head(count // 3),
        *mothers["uid"].head(count // 3),
        *now["uid"].sample(count // 3, random_state=1),
    ]


def at_survey(life: pd.DataFrame, year: int) -> pd.DataFrame:
    return life[life["month"] == f"{year}-07-01"]


# Lives ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "world", [DONATION, PREGNANCY, "without the iron burden of pregnancy",
              "iron stores always replete", "path from iron to dopamine cut"],
)  # fmt: skip
def test_a_life_passes_through_what_the_line_list_says(
    results: Study, persons: pd.DataFrame, world: str
) -> None:
    """To the bit, at every survey, in the factual world and in the other."""
    listed = persons.set_index(["uid", "world", "year"])
    compared = 0
    for uid in telling(persons):
        life = results.life(uid, world=world, **OTHER)
        assert list(life["world"].cat.categories) == ["factual", world]
        for year in results.years:
            for name, row in at_survey(life, year).set_index("world").iterrows():
                person = (
                    listed.loc[(uid, name, year)] if (uid, name, year) in listed.index else None
                )
                if person is not None:
                    for column in IN_BOTH:
                        same = row[column] == person[column]
                        missing = pd.isna(row[column]) and pd.isna(person[column])
                        assert same or missing, (uid, name, year, column)
                    assert bool(row["month_of_pregnancy"]) == person["pregnancy"]
                    compared += 1
        assert life["month"].max() == pd.Timestamp(2019, 7, 1)
    assert compared > 15


def test_worlds_differ_where_people_bore_something(results: Study, persons: pd.DataFrame) -> None:
    """What is compared above would tell a life without its world from one in it."""
    uid = telling(persons)[0]
    life = results.life(uid, without=["blood_donation"], **OTHER)
    factual, without = (
        life[life["world"] == name].reset_index(drop=True) for name in ("factual", DONATION)
    )
    first = int(factual["donation"].to_numpy().argmax())
    assert factual["donation"].any()
    assert (without["storage_iron_mg"] - factual["storage_iron_mg"]).iloc[-1] > 1.0
    before = factual.columns.difference(["world"])
    pd.testing.assert_frame_equal(
        factual.loc[: first - 1, before], without.loc[: first - 1, before]
    )
    lost = without["haemoglobin_g_per_l"] - factual["haemoglobin_g_per_l"]
    assert lost[first] > 5.0


def test_what_happens_is_what_was_logged(results: Study, persons: pd.DataFrame) -> None:
    """In the twelve months after a survey, of all who gave blood or gave birth in them."""
    events = of_run(results.table("events"))
    events = events[(events["year"] == 2010) & events["uid"].isin(persons["uid"])]
    found = 0
    for event, column in (("donation", "donation"), ("delivery", "delivery")):
        logged = events[events["event"] == event]
        for uid in list(dict.fromkeys(logged["uid"]))[:4]:
            life = results.life(uid, without=[], **OTHER)
            months = (life["month"] > "2010-07-31") & (life["month"] < "2011-08-01")
            ours = life["month"][months & life[column]]
            theirs = logged[logged["uid"] == uid]
            assert len(ours) == len(theirs)
            found += len(ours)
    assert found > 5


def test_lives_of_the_dead_end(results: Study, persons: pd.DataFrame) -> None:
    first = persons[(persons["year"] == 2010) & (persons["world"] == "factual")]
    gone = first[~first["uid"].isin(persons[persons["year"] > 2010]["uid"])]
    oldest = gone.sort_values("age").iloc[-1]
    life = results.life(oldest["uid"], **OTHER)
    assert life.attrs["person"]["died"]
    assert life["month"].max() < pd.Timestamp(2019, 7, 1)
    assert at_survey(life, 2010)["liability"].iloc[0] == oldest["liability"]


def test_by_default_all_is_left_out_that_touched_the_body(
    results: Study, persons: pd.DataFrame
) -> None:
    causes = results.scenario["shifts"]["conditions"]
    for uid in telling(persons):
        names = results.life(uid, **OTHER).attrs["selection"]["world"]
        touching = [
            name for name in causes if not _same_in_both(results.life(uid, without=name, **OTHER))
        ]
        words = [name.replace("_", " ") for name in touching]
        listing = " and ".join([", ".join(words[:-1]), words[-1]] if words[1:] else words)
        assert names == ["factual", *([f"without {listing}"] if words else [])]


def _same_in_both(life: pd.DataFrame) -> bool:
    columns = ["storage_iron_mg", "haemoglobin_g_per_l", "cns_iron_structural", "dopamine_deficit"]
    one, other = (part[columns].to_numpy() for _, part in life.groupby("world", observed=True))
    return bool((one == other).all())


def test_several_conditions_are_left_out_at_once() -> None:
    scenario = read_scenario({"title": "t", "base": "baseline", "population": {"size": 100}})
    setting = unit_setting(scenario.scenario, 0, country=country_of(scenario))
    causes = ["blood_donation", "pregnancy", "obesity"]
    singles = [w for w in worlds_of(setting, causes, postulates=False) if not w.iron_only]
    world = world_without(setting, causes)
    assert world.name == "without blood donation, pregnancy and obesity"
    assert world.parts == singles[0].parts | singles[1].parts
    assert world.conditions == singles[2].conditions != 0
    assert world_without(setting, ["obesity"]) == singles[2]


def test_what_touches_nothing_changes_nothing(results: Study, persons: pd.DataFrame) -> None:
    life = results.life(persons["uid"].iloc[0], without="multiple_sclerosis", **OTHER)
    assert _same_in_both(life)


def test_people_of_every_block_are_found(workplace: Path) -> None:
    """Also of a study that was never written."""
    Path("blocks.yaml").write_text(SMALL)
    simulated = rlsabm.simulate("blocks.yaml", tables=["persons"])
    persons = simulated.table("persons").query("arm == 'reference' and draw == 1")
    persons = persons[(persons["world"] == "factual") & (persons["replicate"] == 0)]
    for _, person in persons.iloc[[0, -1]].iterrows():
        life = simulated.life(person["uid"], without=[])
        assert life["liability"].iloc[-1] == person["liability"]


def test_lives_of_a_call_are_those_of_a_run(done: Path) -> None:
    read, simulated = rlsabm.read(done), rlsabm.simulate("asked.yaml")
    uid = read.lives(count=1)["uid"].item()
    pd.testing.assert_frame_equal(simulated.lives(), read.lives(), check_exact=True)
    pd.testing.assert_frame_equal(simulated.life(int(uid, 16)), read.life(uid), check_exact=True)


# People worth a look --------------------------------------------------------------------------------


@pytest.mark.parametrize("definition", ["any", "significant"])
def test_those_whom_a_condition_gave_rls(
    results: Study, persons: pd.DataFrame, definition: str
) -> None:
    chosen = results.lives(count=8, definition=definition, **OTHER)
    column = "rls" if definition == "any" else "rls_significant"
    now = persons[persons["year"] == 2019].set_index(["uid", "world"])[column]
    caused = chosen[chosen["without"] != ""]
    assert len(caused) > 0
    for _, row in caused.iterrows():
        assert now[row["uid"], "factual"]
        assert not now[row["uid"], f"without {row['without'].replace('_', ' ')}"]
        assert "but not without" in row["chosen"]
    by_lot = chosen[chosen["without"] == ""]
    assert set(by_lot["rls"]) == {True, False}
    assert [now[uid, "factual"] for uid in by_lot["uid"]] == list(by_lot["rls"])
    assert chosen["uid"].is_unique
    assert (chosen["age"] >= 18).all()
    assert len(chosen) == 8
    assert "no sample" in chosen.attrs["notes"][0]


def test_the_lottery_is_of_the_seed(results: Study) -> None:
    one, same, other = (results.lives(seed=seed, **OTHER) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(one, same)
    assert set(one["uid"]) != set(other["uid"])
    assert len(results.lives(count=1, **OTHER)) == 1


def test_a_small_population_stands_for_a_large_one(results: Study) -> None:
    """Under the same scenario and parameters; it is other people's."""
    chosen = results.lives(count=4, size=300, **OTHER)
    assert not set(chosen["uid"]) & set(results.lives(count=4, **OTHER)["uid"])
    assert chosen.attrs["selection"]["size"] == 300
    uid = chosen["uid"][0]
    assert results.life(uid, size=300, **OTHER).attrs["selection"]["size"] == 300
    with pytest.raises(UserError, match=r"was surveyed in .* with size=301"):
        results.life(uid, size=301, **OTHER)
    with pytest.raises(UserError, match="size: found 10 "):
        results.lives(size=10, **OTHER)


# Mistakes -------------------------------------------------------------------------------------------


def test_mistakes_are_told_in_a_line(results: Study, persons: pd.DataFrame) -> None:
    uid = persons["uid"].iloc[0]
    for call, said in (
        (lambda: results.life("0123456789abcdef"), "uid: nobody 0123456789abcdef was surveyed in arm"),
        (lambda: results.life("abc"), "uid: found the text 'abc' (expected 16 hexadecimal digits"),
        (lambda: results.life(-1), "uid: found -1 (expected 16 hexadecimal"),
        (lambda: results.life(uid, arm="no donations"), "did you mean 'no donation'?"),
        (lambda: results.life(uid, draw=3), "draw: found 3 (expected a whole number from 1 to 2)"),
        (lambda: results.life(uid, replicate=2), "replicate: found 2"),
        (lambda: results.life(uid, without="pregnacy", **OTHER), "did you mean 'pregnancy'?"),
        (lambda: results.life(uid, world="without pregnacy", **OTHER), "mean 'without pregnancy'?"),
        (lambda: results.life(uid, without="obesity", world=DONATION, **OTHER), "one of the two"),
        (lambda: results.lives(count=0), "lives: count: found 0"),
        (lambda: results.lives(definition="weekl"), "did you mean 'weekly'?"),
        (lambda: Study({}, arms=[], scenario={}).life(uid), "nobody can live again"),
    ):  # fmt: skip
        with pytest.raises(UserError) as told:
            call()
        assert said in str(told.value)
        assert "\n" not in str(told.value)


def test_another_version_is_refused(study: Ran, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lives_module, "is_by_this_version", lambda manifest: False)
    with pytest.raises(UserError, match="another version of rlsabm ran this study"):
        rlsabm.read(study.folder).lives()


# Figure ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def donor(results: Study, persons: pd.DataFrame) -> str:
    return telling(persons)[0]


def test_thinned_lines_are_where_they_were() -> None:
    rng = np.random.default_rng(3)
    x = np.arange(500.0)
    for y in (np.cumsum(rng.normal(size=500)), np.where(x < 250, 0.0, 5.0), np.zeros(500)):
        for tolerance in (0.0, 0.5, 3.0):
            kept = points_that_matter(x, y, tolerance)
            assert np.abs(np.interp(x, x[kept], y[kept]) - y).max() <= tolerance + 1e-9
            assert {0, 499} <= set(kept)
    assert len(points_that_matter(x, np.zeros(500), 0.1)) == 2
    assert len(points_that_matter(x, np.where(x < 250, 0.0, 5.0), 0.1)) == 4
    assert list(points_that_matter(x[:1], x[:1], 0.1)) == [0]


def test_the_figure_draws_the_life(results: Study, donor: str) -> None:
    """Lines pass within half a pixel of every month; bands and ticks are where things happened."""
    plots = pytest.importorskip("rlsabm.plots")
    life = results.life(donor, **OTHER)
    drawn = plots.life_numbers(results, donor, from_age=0, **OTHER)
    assert drawn.attrs["selection"] == life.attrs["selection"]
    worlds = {str(name): part for name, part in life.groupby("world", observed=True)}
    for panel in PANELS:
        rows = drawn[drawn["what"] == panel.column]
        values = life[panel.column].to_numpy()
        lower, upper = panel.domain(values)
        assert lower <= max(values.min(), LEAST_FERRITIN) <= values.max() <= upper

        def seen(numbers: Any, panel: Any = panel) -> Any:
            return np.log(np.maximum(numbers, LEAST_FERRITIN)) if panel.logarithmic else numbers

        half = INVISIBLE * float(seen(np.array(upper)) - seen(np.array(lower))) * (1 + 1e-9)
        for name, part in worlds.items():
            line, ages = rows[rows["world"] == name], part["age"].to_numpy()
            true = seen(part[panel.column].to_numpy())
            shown = seen(worlds["factual"][panel.column].to_numpy())
            if len(line):
                after = ages >= line["age"].min()
                at = np.interp(ages, line["age"], seen(line["value"].to_numpy()))
                shown = np.where(after, at, shown)
            assert np.abs(shown - true).max() <= half
    for name, part in worlds.items():
        bands = drawn[(drawn["world"] == name) & (drawn["drawn"] == "band")]
        months = (bands["until"] - bands["age"]) * 12
        of_significant = bands["what"] == SIGNIFICANT
        assert round(months[of_significant].sum()) == part["rls_significant"].sum()
        assert round(months.sum()) == part["rls"].sum()
        assert set(bands["what"]) <= {RLS, SIGNIFICANT}
    happened = drawn[drawn["world"] == ""]
    assert (happened["what"] == "blood donation").sum() == worlds["factual"]["donation"].sum() > 0
    pregnancies = happened[happened["what"] == "pregnancy"]
    months = ((pregnancies["until"] - pregnancies["age"]) * 12).round()
    assert months.sum() == (worlds["factual"]["month_of_pregnancy"] > 0).sum() > 0
    assert months.max() <= 9 + 1
    assert "Dashed: the same life without" in drawn.attrs["caption"]


@pytest.mark.parametrize("width", [340, 640])
def test_the_figure_is_seen(results: Study, donor: str, width: int) -> None:
    """As wide as was asked for, with lines of both colours, on a page and on a phone."""
    plots = pytest.importorskip("rlsabm.plots")
    pytest.importorskip("vl_convert")
    image = pytest.importorskip("PIL.Image")
    figure = plots.life(results, donor, width=width, **OTHER)
    written = io.BytesIO()
    figure.save(written, format="png", scale_factor=1)
    pixels = np.asarray(image.open(written).convert("RGB")).astype(int)
    assert abs(pixels.shape[1] - width) <= 12
    for colour in ((0x00, 0x72, 0xB2), (0xD5, 0x5E, 0x00)):
        near = np.abs(pixels - np.array(colour)).sum(axis=2) < 40
        assert near.sum() > 100
        assert np.ptp(np.flatnonzero(near.any(axis=1))) > 200  # in several panels


def test_many_lives_weigh_little(results: Study) -> None:
    plots = pytest.importorskip("rlsabm.plots")
    chosen = results.lives(count=6, **OTHER)
    texts = [
        plots.life(results, uid, without=without or None, **OTHER).to_json()
        for uid, without in zip(chosen["uid"], chosen["without"], strict=True)
    ]
    assert sum(map(len, texts)) < 300_000
    for text in texts:
        assert sum("vconcat" in each for each in _parts(json.loads(text))) == 1


def _parts(spec: Any) -> Iterator[dict[str, Any]]:
    if isinstance(spec, dict):
        yield spec
        for each in spec.values():
            yield from _parts(each)
    elif isinstance(spec, list):
        for each in spec:
            yield from _parts(each)


def test_without_the_library_a_line_says_what_to_install(
    results: Study, donor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import rlsabm.plots as plots

    monkeypatch.setitem(__import__("sys").modules, "altair", None)
    with pytest.raises(UserError, match=r'pip install "rlsabm\[report\]"'):
        plots.life(results, donor, **OTHER)
    with pytest.raises(UserError, match="life: width: found 10 "):
        plots.life(results, donor, width=10, **OTHER)
