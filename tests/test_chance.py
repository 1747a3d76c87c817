"""Random numbers: published vectors of the generator, registry, uniformity, identities."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from numba import njit
from scipy import stats

from rlsabm import chance
from rlsabm.exposures.donation import DONATION_MONTH, DONOR
from rlsabm.exposures.pregnancy import PREGNANCY_ENDS
from rlsabm.life.birth import CHILD

KEY = np.uint64(0x243F6A8885A308D3)

#: Philox4x32-10 known answers of Random123 (Salmon and others 2011): counter, key, words.
KNOWN_ANSWERS = (
    ("00000000 00000000 00000000 00000000", "00000000 00000000",
     "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff",
     "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0",
     "d16cfe09 94fdcceb 5001e420 24126ea1"),
)  # fmt: skip

#: Identities and keys of the first release: they must never change.
FIRST_FOUNDER = 1389609246023119845
ITS_FIRST_CHILD = 17444699614637306621
KEYS_OF_2019 = [15076785428292040300, 15236547206872097743, 14322693068415701828]


def words(text: str) -> list[np.uint64]:
    return [np.uint64(int(word, 16)) for word in text.split()]


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN_ANSWERS)
def test_philox_gives_the_published_words(counter: str, key: str, answer: str) -> None:
    assert [int(word) for word in chance.philox(*words(counter), *words(key))] == [
        int(word) for word in words(answer)
    ]


# ------------------------------------------------------------------------------- the registry


def test_stream_numbers_are_distinct_and_fit_the_counter() -> None:
    numbers = [stream.number for stream in chance.STREAMS.values()]
    assert len(set(numbers)) == len(numbers)
    assert all(0 < number < 2**32 for number in numbers)


@pytest.mark.parametrize(
    ("name", "number", "kind", "complaint"),
    [
        ("month", 900, "at", "registered already"),
        ("something new", 2, "at", "registered already"),
        ("something new", 900, "sometimes", "not a kind of draw"),
    ],
)
def test_a_stream_cannot_be_registered_wrongly(
    name: str, number: int, kind: str, complaint: str
) -> None:
    before = dict(chance.STREAMS)
    with pytest.raises(ValueError, match=complaint):
        chance.register(name, number, kind, "whatever")
    assert before == chance.STREAMS


# ------------------------------------------------------------------------------- the draws


@njit(error_model="numpy")
def _draws(key: int, people: int, months: int, stream: int) -> np.ndarray:
    """Uniforms of consecutive uids and months: the counters that differ least."""
    result = np.zeros((people, months, 4))
    for person in range(people):
        for month in range(months):
            a, b, c, d = chance.at(key, np.uint64(person + 1), 24_000 + month, stream)
            result[person, month, 0] = a
            result[person, month, 1] = b
            result[person, month, 2] = c
            result[person, month, 3] = d
    return result


@pytest.fixture(scope="module")
def uniforms() -> np.ndarray:
    return _draws(KEY, 1000, 250, chance.MONTH)


def test_draws_are_inside_the_open_unit_interval(uniforms: np.ndarray) -> None:
    assert uniforms.min() > 0.0
    assert uniforms.max() < 1.0
    assert uniforms.min() < 1e-5
    assert uniforms.max() > 1.0 - 1e-5


def test_the_lowest_and_highest_words_stay_inside_the_open_interval() -> None:
    scale = 2.0**-32
    assert (0 + 0.5) * scale > 0.0
    assert (2**32 - 1 + 0.5) * scale < 1.0
    assert np.isfinite(chance.normal(0.5 * scale))
    assert np.isfinite(chance.normal((2**32 - 0.5) * scale))


@pytest.mark.parametrize("word", range(4))
def test_each_word_is_uniform(uniforms: np.ndarray, word: int) -> None:
    draws = uniforms[:, :, word].ravel()
    assert stats.kstest(draws, "uniform").pvalue > 1e-3
    counts = np.bincount((draws * 1000).astype(int), minlength=1000)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert draws.mean() == pytest.approx(0.5, abs=4.0 * np.sqrt(1 / 12 / draws.size))
    assert draws.var() == pytest.approx(1 / 12, abs=4.0 * np.sqrt(1 / 180 / draws.size))


def test_words_months_and_people_are_independent(uniforms: np.ndarray) -> None:
    def correlation(one: np.ndarray, other: np.ndarray) -> float:
        return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])

    bound = 4.5 / np.sqrt(uniforms[:, :, 0].size)
    for one in range(4):
        for other in range(one):
            assert abs(correlation(uniforms[:, :, one], uniforms[:, :, other])) < bound
        assert abs(correlation(uniforms[:, 1:, one], uniforms[:, :-1, one])) < bound
        assert abs(correlation(uniforms[1:, :, one], uniforms[:-1, :, one])) < bound


def test_pairs_of_words_fill_the_square_evenly(uniforms: np.ndarray) -> None:
    cell = (uniforms * 16).astype(int)
    for one, other in ((0, 1), (1, 2), (2, 3), (0, 3)):
        counts = np.bincount((16 * cell[:, :, one] + cell[:, :, other]).ravel(), minlength=256)
        assert stats.chisquare(counts).pvalue > 1e-3


def test_streams_and_keys_are_independent(uniforms: np.ndarray) -> None:
    bound = 4.5 / np.sqrt(uniforms[:, :, 0].size)
    for key, stream in ((KEY, DONATION_MONTH), (KEY + np.uint64(1), chance.MONTH)):
        others = _draws(key, 1000, 250, stream)
        for word in range(4):
            pair = uniforms[:, :, word].ravel(), others[:, :, word].ravel()
            assert abs(np.corrcoef(*pair)[0, 1]) < bound


def test_all_parts_of_the_counter_and_of_the_key_matter() -> None:
    high = np.uint64(1 << 40)
    draws = {
        chance.nth(key, uid, k, stream)
        for key in (KEY, KEY ^ high, KEY ^ np.uint64(1))
        for uid in (np.uint64(7), np.uint64(7) ^ high, np.uint64(8))
        for k in (0, 1)
        for stream in (PREGNANCY_ENDS, CHILD)
    }
    assert len(draws) == 36


def test_a_draw_is_the_same_whenever_it_is_asked_for() -> None:
    first = chance.at(KEY, np.uint64(5), 24_000, chance.MONTH)
    chance.at(KEY, np.uint64(6), 24_000, chance.MONTH)
    assert chance.at(KEY, np.uint64(5), 24_000, chance.MONTH) == first
    assert chance.once(KEY, np.uint64(5), DONOR) == chance.nth(KEY, np.uint64(5), 0, DONOR)


# ------------------------------------------------------------------------------- inverse functions


@njit(error_model="numpy")
def _normals(us: np.ndarray) -> np.ndarray:
    result = np.zeros(len(us))
    for i in range(len(us)):
        result[i] = chance.normal(us[i])
    return result


def test_normal_quantile_agrees_with_the_standard_library() -> None:
    us = np.concatenate([
        np.linspace(0.0005, 0.9995, 1999),
        10.0 ** np.linspace(-9.6, -3.4, 200),
        1.0 - 10.0 ** np.linspace(-9.6, -3.4, 200),
        [0.02425, np.nextafter(0.02425, 0), 0.97575, np.nextafter(0.97575, 1)],
    ])  # fmt: skip
    expected = np.array([NormalDist().inv_cdf(u) for u in us])
    assert _normals(us) == pytest.approx(expected, rel=3e-9, abs=2e-9)


def test_normal_quantile_is_monotone_and_symmetric() -> None:
    us = np.linspace(1e-6, 0.5, 400_001)
    values = _normals(us)
    assert (np.diff(values) > 0).all()
    assert _normals(1.0 - us[::1000]) == pytest.approx(-values[::1000], abs=1e-9)
    assert chance.normal(0.5) == 0.0


def test_waiting_months_have_a_constant_hazard() -> None:
    mean = 36.0
    us = (np.arange(100_000) + 0.5) / 100_000
    waits = np.array([chance.waiting_months(u, mean) for u in us])
    assert waits.min() == 1
    for month in (1, 12, 36, 120):
        assert (waits > month).mean() == pytest.approx(np.exp(-(month + 0.5) / mean), abs=2e-5)
    assert waits.mean() == pytest.approx(mean, rel=1e-3)


@pytest.mark.parametrize("rate", [0.0, 0.001, 0.1, 1.0, 12.0])
def test_twelve_months_of_a_rate_make_its_yearly_probability(rate: float) -> None:
    survival = (1.0 - chance.probability_per_month(rate)) ** 12
    assert survival == pytest.approx(np.exp(-rate), rel=2e-7)


# ------------------------------------------------------------------------------- identities


@njit(error_model="numpy")
def _uids(mothers: int, orders: int, twins: int) -> np.ndarray:
    result = np.zeros(mothers * orders * twins, dtype=np.uint64)
    i = 0
    for mother in range(mothers):
        uid = chance.founder_uid(0, mother)
        for order in range(1, orders + 1):
            for twin in range(twins):
                result[i] = chance.child_uid(uid, order, twin)
                i += 1
    return result


def test_a_million_children_have_distinct_uids() -> None:
    children = _uids(31_250, 16, 2)
    assert len(children) == 1_000_000
    assert len(np.unique(children)) == len(children)
    assert (children != 0).all()


def test_founders_of_all_blocks_and_children_have_distinct_uids() -> None:
    founders = [chance.founder_uid(block, i) for block in range(20) for i in range(1000)]
    children = _uids(1000, 4, 2)
    assert len({*map(int, founders), *map(int, children)}) == len(founders) + len(children)


def test_uids_do_not_depend_on_the_replicate_and_are_stable() -> None:
    assert int(chance.founder_uid(0, 0)) == FIRST_FOUNDER
    assert int(chance.child_uid(np.uint64(FIRST_FOUNDER), 1, 0)) == ITS_FIRST_CHILD


def test_replicate_keys_are_stable_distinct_and_extend() -> None:
    keys = chance.replicate_keys(2019, 1000)
    assert keys[:3] == KEYS_OF_2019
    assert len(set(keys) | set(chance.replicate_keys(2020, 1000))) == 2000
    assert chance.replicate_keys(2019, 5) == keys[:5]
    assert all(0 <= key < 2**64 for key in keys)


# ------------------------------------------------------------------------------- uncompiled

SOME_DRAWS = """
import json
import numpy as np
from rlsabm import chance
from rlsabm.exposures.donation import DONOR
from rlsabm.exposures.pregnancy import PREGNANCY_ENDS
key, uid = np.uint64(0x243F6A8885A308D3), np.uint64(0x9E3779B97F4A7C15)
draws = [
    chance.at(key, uid, 24_000, chance.MONTH),
    chance.once(key, uid, DONOR),
    chance.nth(key, uid, 3, PREGNANCY_ENDS),
    [chance.normal(u) for u in (1e-9, 0.01, 0.3, 0.5, 0.98, 1 - 1e-9)],
    [chance.waiting_months(u, 7.0) for u in (0.01, 0.5, 0.99)],
    [chance.probability_per_month(rate) for rate in (0.01, 0.5, 3.0)],
    [chance.child_uid(uid, 2, 1), chance.founder_uid(3, 17)],
]
print(json.dumps([[float(x).hex() if isinstance(x, float) else int(x) for x in d] for d in draws]))
"""


@pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT") == "1", reason="both would be uncompiled")
def test_plain_python_draws_the_same_numbers() -> None:
    def run(disable: str) -> object:
        source = str(Path(chance.__file__).parents[1])
        path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH")]))
        environment = {**os.environ, "NUMBA_DISABLE_JIT": disable, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", SOME_DRAWS],
            env=environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return json.loads(done.stdout)

    assert run("1") == run("0")
