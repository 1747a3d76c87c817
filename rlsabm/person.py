"""A person: two records, composed from the fields that the rooms of the model declare.

The *life* is what happened: birth, parents, genome, growth, pregnancies, donations, disease, death.
The *body* is what this did: iron, brain iron, dopamine, symptoms.  Between them stands the *burden*
(`rlsabm.burden`), everything that the life does to the body in one month.  A life can thus be lived by
several bodies, each with part of the burden left out.

From the declarations come the storage, the attributes of the agents, the columns of the line lists and
the documentation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from rlsabm.declaring.fields import Field, newborn_record, record_type
from rlsabm.rooms import ROOMS

LIFE_FIELDS: tuple[Field, ...] = tuple(field for room in ROOMS for field in room.life_fields)
BODY_FIELDS: tuple[Field, ...] = tuple(field for room in ROOMS for field in room.body_fields)

_names = [field.name for field in (*LIFE_FIELDS, *BODY_FIELDS)]
if len(_names) != len(set(_names)):
    raise ValueError("two rooms declare one field of a person")

LIFE = record_type(LIFE_FIELDS)
BODY = record_type(BODY_FIELDS)

_NEWBORN = {LIFE: newborn_record(LIFE_FIELDS), BODY: newborn_record(BODY_FIELDS)}


def newborn_records(dtype: np.dtype[np.record], size: int) -> NDArray[np.record]:
    """Records of lives or bodies, each as a newborn has it, with its fields as attributes."""
    return np.repeat(_NEWBORN[dtype], size)
