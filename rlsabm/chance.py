"""Chance as a function.

Every random number is a pure function of (key of the replicate, uid of the person, tick, stream):
the counter-based generator Philox4x32-10 (Salmon and others, *Parallel random numbers: as easy as
1, 2, 3*, SC 2011) turns these into four independent words of 32 bits.  There is no state, so a number
does not depend on who else is alive, on the order of rows, on threads, or on what happened before.

There are four kinds of draw:

``at(month)``
    for a hazard of this calendar month (does she conceive now?);
``once()``
    for a trait of the person that never changes (how much she bleeds with menses);
``nth(k)``
    for the k-th occasion of something (the blood lost at the third delivery).  It stays the same when
    the occasion comes earlier or later;
``episode(code, k)``
    the same for a condition that is given as data and has this code, so that a further condition in a
    scenario changes nothing in the others.

Each draw gives four uniforms in (0, 1), so that several decisions share one evaluation.  A uniform
becomes a decision by an inverse distribution function, monotone in it, so that the cases of two runs
with common chance are nested.  A uniform serves one decision, or two that exclude each other and read
it from its two ends (the onset of kidney disease and the beginning of donorship).
"""

from __future__ import annotations

import math
from typing import NamedTuple, overload

import numpy as np

from rlsabm.arrays import Floats
from rlsabm.compilation import compiled, inlined
from rlsabm.mathematics import exp, log


class Stream(NamedTuple):
    """One question asked of chance: its number in the counter, its kind, and what its words decide."""

    number: int
    kind: str
    words: str


KINDS = ("at", "once", "nth", "episode")
#: The registry.  Rooms of the model enter their streams into it with numbers that are frozen: results
#: of published studies depend on them.  A new stream takes the next number.
STREAMS: dict[str, Stream] = {}


def register(name: str, number: int, kind: str, words: str) -> int:
    """Enter a stream into the registry and return its number.

    Raises
    ------
    ValueError
        If the name or the number is taken, or the kind is not known.
    """
    if name in STREAMS or any(stream.number == number for stream in STREAMS.values()):
        free = max(stream.number for stream in STREAMS.values()) + 1
        raise ValueError(
            f"stream {name!r} or its number {number} is registered already; of the streams that are "
            f"loaded, the next free number is {free}"
        )
    if kind not in KINDS:
        raise ValueError(f"stream {name!r}: {kind!r} is not a kind of draw ({', '.join(KINDS)})")
    STREAMS[name] = Stream(number, kind, words)
    return number


UID_STREAM = register("uid", 1, "nth", "uid of a founder or newborn: two words")
# Onsets of kidney disease and of donorship share a word, from its two ends.
MONTH = register("month", 2, "at", "symptoms, death, kidney disease or donorship, conception")

#: Words of 32 bits, keys and uids: unsigned integers of 64 bits, in compiled and in plain code.
Word = np.uint64

ROUNDS = 10
_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32)
_HALF = np.uint64(16)
_SCALE = 2.0**-32


@inlined
def philox(
    c0: Word, c1: Word, c2: Word, c3: Word, k0: Word, k1: Word
) -> tuple[Word, Word, Word, Word]:
    """Philox4x32-10: four words of 32 bits from a counter of four words and a key of two.

    Words are held in unsigned 64-bit integers, in and out.
    """
    for _ in range(ROUNDS):
        product0 = _M0 * c0
        product1 = _M1 * c2
        c0, c1, c2, c3 = (
            (product1 >> _SHIFT) ^ c1 ^ k0,
            product1 & _LOW,
            (product0 >> _SHIFT) ^ c3 ^ k1,
            product0 & _LOW,
        )
        k0 = (k0 + _W0) & _LOW
        k1 = (k1 + _W1) & _LOW
    return c0, c1, c2, c3


@inlined
def uniform(word: Word) -> float:
    """Number in (0, 1) of a word of 32 bits."""
    # Processors turn signed whole numbers into floating point faster.
    return (np.int64(word) + 0.5) * _SCALE


@inlined
def _four(key: Word, uid: Word, tick: int, stream: int) -> tuple[float, float, float, float]:
    a, b, c, d = philox(
        uid & _LOW, uid >> _SHIFT, np.uint64(tick), np.uint64(stream), key & _LOW, key >> _SHIFT
    )
    return uniform(a), uniform(b), uniform(c), uniform(d)


@inlined
def at(key: Word, uid: Word, month: int, stream: int) -> tuple[float, float, float, float]:
    """Four uniforms for a hazard of this calendar month."""
    return _four(key, uid, month, stream)


@compiled
def once(key: Word, uid: Word, stream: int) -> tuple[float, float, float, float]:
    """Four uniforms for traits of a person."""
    return _four(key, uid, 0, stream)


@compiled
def nth(key: Word, uid: Word, k: int, stream: int) -> tuple[float, float, float, float]:
    """Four uniforms for the k-th occasion of something in a person's life."""
    return _four(key, uid, k, stream)


@compiled
def episode(
    key: Word, uid: Word, code: Word, k: int, stream: int
) -> tuple[float, float, float, float]:
    """Four uniforms for the k-th occasion of what has this code of 32 bits."""
    a, b, c, d = philox(
        uid & _LOW,
        uid >> _SHIFT,
        code & _LOW,
        np.uint64(stream) | (np.uint64(k) << _HALF),
        key & _LOW,
        key >> _SHIFT,
    )
    return uniform(a), uniform(b), uniform(c), uniform(d)


@compiled
def nth_word(key: Word, uid: Word, k: int, stream: int) -> Word:
    """A word of 64 bits for the k-th occasion: a point on the ring of uids."""
    a, b, _, _ = philox(
        uid & _LOW, uid >> _SHIFT, np.uint64(k), np.uint64(stream), key & _LOW, key >> _SHIFT
    )
    return (b << _SHIFT) | a


@compiled
def founder_uid(block: int, index: int) -> Word:
    """Uid of a founder, by block and place in it: the same in every replicate and arm."""
    a, b, _, _ = philox(
        np.uint64(index),
        np.uint64(block),
        np.uint64(0),
        np.uint64(UID_STREAM),
        np.uint64(0),
        np.uint64(0),
    )
    return (b << _SHIFT) | a


@compiled
def child_uid(mother: Word, birth_order: int, twin: int) -> Word:
    """Uid of a child, by mother, birth order and place among twins.

    Delaying a birth, or averting a sibling's, makes nobody another person.
    """
    a, b, _, _ = philox(
        mother & _LOW,
        mother >> _SHIFT,
        np.uint64(1 + 4 * birth_order + twin),
        np.uint64(UID_STREAM),
        np.uint64(0),
        np.uint64(0),
    )
    return (b << _SHIFT) | a


# Acklam's rational approximation of the normal quantile (relative error below 1.2e-9): the standard
# library's and scipy's cannot be called from compiled code.
_A = (-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2,
      1.383577518672690e2, -3.066479806614716e1, 2.506628277459239e0)  # fmt: skip
_B = (-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2,
      6.680131188771972e1, -1.328068155288572e1)  # fmt: skip
_C = (-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838e0,
      -2.549732539343734e0, 4.374664141464968e0, 2.938163982698783e0)  # fmt: skip
_D = (7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996e0,
      3.754408661907416e0)  # fmt: skip


@compiled
def normal(u: float) -> float:
    """Standard normal quantile of ``u`` in (0, 1)."""
    if u < 0.02425:
        q = math.sqrt(-2.0 * log(u))
    elif u > 1.0 - 0.02425:
        q = math.sqrt(-2.0 * log(1.0 - u))
    else:
        q = u - 0.5
        r = q * q
        return (
            (((((_A[0] * r + _A[1]) * r + _A[2]) * r + _A[3]) * r + _A[4]) * r + _A[5]) * q
            / (((((_B[0] * r + _B[1]) * r + _B[2]) * r + _B[3]) * r + _B[4]) * r + 1.0)
        )  # fmt: skip
    tail = (((((_C[0] * q + _C[1]) * q + _C[2]) * q + _C[3]) * q + _C[4]) * q + _C[5]) / (
        (((_D[0] * q + _D[1]) * q + _D[2]) * q + _D[3]) * q + 1.0
    )
    return tail if u < 0.5 else -tail


@compiled
def waiting_months(u: float, mean_months: float) -> int:
    """Months until an event of constant hazard: exponential quantile, rounded, at least one."""
    return max(1, int(0.5 - mean_months * log(1.0 - u)))


@compiled
def probability_per_month(rate_per_year: float) -> float:
    """Probability in one month of an event with this rate, in compiled rules."""
    return 1.0 - exp(-rate_per_year / 12.0)


@overload
def per_month(rate_per_year: float) -> float: ...


@overload
def per_month(rate_per_year: Floats) -> Floats: ...


def per_month(rate_per_year: Floats | float) -> Floats | float:
    """Probabilities in one month of events with these yearly rates, for what rules read."""
    probability = 1.0 - np.exp(-rate_per_year / 12.0)
    return np.asarray(probability) if isinstance(rate_per_year, np.ndarray) else float(probability)


def run_key(seed: int, *, draw: int, replicate: int) -> int:
    """Key of 64 bits of a run, spawned from the study's seed (never ``seed + k``).

    Draws of the parameters have chance of their own, so that their mean is not that of the same people
    over and over; arms of a draw and replicate share it.
    """
    spawned = (replicate,) if draw == 0 else (replicate, draw)
    return int(np.random.SeedSequence(seed, spawn_key=spawned).generate_state(1, np.uint64)[0])


def replicate_keys(seed: int, replicates: int) -> list[int]:
    """Keys of the replicates with the default parameters."""
    return [run_key(seed, draw=0, replicate=replicate) for replicate in range(replicates)]
