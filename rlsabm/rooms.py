"""All rooms of the model, from which everything that holds them together is composed.

The order is that in which tables are made: a room may use the tables of those before, and what they
have left of the mortality.
"""

from __future__ import annotations

from rlsabm.body.brain import BRAIN
from rlsabm.body.infused_iron import INFUSED_IRON
from rlsabm.body.iron import PERIPHERAL_IRON
from rlsabm.body.lasting import LASTING
from rlsabm.body.symptoms import SYMPTOMS
from rlsabm.care.diagnosis import DIAGNOSIS
from rlsabm.care.infusions import INFUSIONS
from rlsabm.care.offers import OFFERS
from rlsabm.care.treatments import TREATMENTS
from rlsabm.declaring.room import Room
from rlsabm.events import event_names
from rlsabm.exposures.catalogue.episodes import CATALOGUE
from rlsabm.exposures.month import EXPOSURES
from rlsabm.life.birth import BIRTH
from rlsabm.life.environment import ENVIRONMENTS
from rlsabm.life.genome import GENOME
from rlsabm.life.growth import GROWTH
from rlsabm.life.mortality import MORTALITY
from rlsabm.measuring.assays import ASSAYS
from rlsabm.measuring.autopsy import AUTOPSY
from rlsabm.measuring.questionnaire import QUESTIONNAIRES

ROOMS: tuple[Room, ...] = (
    BIRTH,
    GROWTH,
    PERIPHERAL_IRON,
    INFUSED_IRON,
    LASTING,
    BRAIN,
    SYMPTOMS,
    GENOME,
    ENVIRONMENTS,
    *EXPOSURES,
    INFUSIONS,
    TREATMENTS,
    DIAGNOSIS,
    OFFERS,
    CATALOGUE,
    MORTALITY,
    ASSAYS,
    AUTOPSY,
    QUESTIONNAIRES,
)

#: Names of the events of a life, by number.
EVENT_NAMES = event_names()
