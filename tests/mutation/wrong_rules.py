"""Wrong rules written by hand: mistakes that matter to an epidemiologist, and what they would say.

Each is a text that stands once in a module, what replaces it, and the mistake in words.
"""

from __future__ import annotations

from collections.abc import Iterator

from .generating import Mutant, source_of

#: Module, text, replacement, the mistake.
WRONG_RULES: tuple[tuple[str, str, str, str], ...] = (
    # Exposures
    (
        "exposures/pregnancy.py",
        "if takes_iron < p.pregnancy_supplement_uptake:",
        "if takes_iron >= p.pregnancy_supplement_uptake:",
        "those take tablets who do not",
    ),
    (
        "exposures/pregnancy.py",
        "burden.lasting_months += 1.0",
        "burden.lasting_months += 0.0",
        "pregnancies leave no lasting load",
    ),
    (
        "exposures/pregnancy.py",
        "if month - life.conception_month + 1 >= p.pregnancy_supplement_from_month:",
        "if month >= life.conception_month:",
        "tablets from the first month",
    ),
    (
        "exposures/pregnancy.py",
        "burden.absorption_ceiling_factor *= rise",
        "pass",
        "the ceiling on absorption does not rise in pregnancy",
    ),
    (
        "exposures/pregnancy.py",
        "(1.0 - p.placenta_share) / babies",
        "(1.0 - p.placenta_share)",
        "each twin gets the iron of both",
    ),
    (
        "exposures/pregnancy.py",
        "burden.blood_loss_ml += bled * p.pregnancy_enabled",
        "burden.blood_loss_ml += bled",
        "deliveries bleed though pregnancy is switched off",
    ),
    (
        "exposures/pregnancy.py",
        "body.conceptus_iron_mg = 0.0\n    loss, twins",
        "loss, twins",
        "a child gets the iron of its siblings too",
    ),
    (
        "exposures/pregnancy.py",
        "life.menopause_month = max(life.menopause_month,",
        "life.menopause_month = min(life.menopause_month,",
        "a conception brings menopause forward",
    ),
    (
        "exposures/pregnancy.py",
        'P("pregnancy_loss_share", 0.17,',
        'P("pregnancy_loss_share", 0.30,',
        "three in ten pregnancies are lost",
    ),
    (
        "exposures/pregnancy.py",
        'P("milk_iron_mg_per_day", 0.27,',
        'P("milk_iron_mg_per_day", 0.54,',
        "milk costs twice the iron",
    ),
    (
        "exposures/pregnancy.py",
        'P("pregnancy_tablet_factor", 0.5,',
        'P("pregnancy_tablet_factor", 1.0,',
        "prenatal iron counts in full",
    ),
    (
        "exposures/pregnancy.py",
        'P("red_cell_expansion", 0.25,',
        'P("red_cell_expansion", 0.34,',
        "red cells grow as much as blood volume",
    ),
    (
        "exposures/pregnancy.py",
        "_after_delivery(0, 5)",
        "_after_delivery(0, 11)",
        "a year after delivery is called half a year",
    ),
    (
        "exposures/donation.py",
        "if not (body.rls and stays_away < p.donor_self_deferral) and not",
        "if not",
        "donors who feel unwell do not stay away",
    ),
    (
        "exposures/donation.py",
        "body.rls and stays_away < p.donor_self_deferral",
        "stays_away < p.donor_self_deferral",
        "donors stay away who feel well",
    ),
    (
        "exposures/donation.py",
        "stays_away, _, _, _ = chance.nth(p.key, life.uid, life.donations, DONATION)",
        "stays_away, _, _, _ = chance.at(p.key, life.uid, month, DONATION)",
        "donors with symptoms think again every month",
    ),
    (
        "exposures/donation.py",
        "life.eligible_month = month + 2 * int(interval)",
        "life.eligible_month = month + int(interval)",
        "double red cells wait a single interval",
    ),
    (
        "exposures/donation.py",
        "burden.blood_loss_ml += p.double_red_cells_volume_ml",
        "burden.blood_loss_ml += p.donation_volume_ml",
        "double red cells cost a single donation",
    ),
    ("exposures/donation.py", "first_visit or visit", "visit", "the first visit comes later"),
    (
        "exposures/donation.py",
        "if haemoglobin(body, life.blood_volume_l, p) < threshold:",
        "if haemoglobin(body, life.blood_volume_l, p) < threshold - 10.0:",
        "donors are deferred 10 g/L too late",
    ),
    (
        "exposures/donation.py",
        "threshold > 0.0 and ferritin(body, life, p) < threshold",
        "False",
        "ferritin never defers",
    ),
    (
        "exposures/donation.py",
        "gave_in_last_year(people) & is_iron_deficient(people),",
        "gave_in_last_year(people),",
        "all donors are called depleted",
    ),
    (
        "exposures/donation.py",
        'P("donor_visits_per_year", 1.35,',
        'P("donor_visits_per_year", 2.7,',
        "donors come twice as often",
    ),
    (
        "exposures/kidney.py",
        "p.dialysis_haemoglobin_g_per_l * life.blood_volume_l * p.haemoglobin_iron_mg_per_g",
        "p.dialysis_haemoglobin_g_per_l * life.blood_volume_l",
        "erythropoietin aims at a third of the haemoglobin",
    ),
    (
        "care/infusions.py",
        "measured = ferritin(body, life, p) * p.dialysis_ferritin_factor",
        "measured = ferritin(body, life, p)",
        "the protocol does not see inflammation",
    ),
    (
        "body/infused_iron.py",
        "body.infused_iron_mg -= released",
        "pass",
        "macrophages pass the same iron on every month",
    ),
    (
        "body/iron.py",
        "iron_mg = body.storage_iron_mg + body.infused_iron_mg",
        "iron_mg = body.storage_iron_mg",
        "assays do not see iron in macrophages",
    ),
    (
        "care/care.py",
        "offer_treatments(body, life, at, p)",
        "pass",
        "nobody is offered a treatment",
    ),
    (
        "care/diagnosis.py",
        "if body.diagnosed_month == NEVER and has_significant_rls(body, p):",
        "if body.diagnosed_month == NEVER and body.rls:",
        "any RLS is diagnosed",
    ),
    (
        "care/offers.py",
        "accepted, _, _, _ = chance.episode(p.key, life.uid, code, 0, UPTAKE)",
        "accepted, _, _, _ = chance.episode(p.key, life.uid, code, month, UPTAKE)",
        "people change their mind every month",
    ),
    (
        "care/offers.py",
        "if body.treatments & p.rule_not_with[r]:",
        "if False:",
        "treatments are combined that must not be",
    ),
    (
        "care/treatments.py",
        "if months == 1:",
        "if months >= 1:",
        "the whole dose is infused again every month",
    ),
    (
        "care/treatments.py",
        "body.augmented &= ~(1 << k)",
        "pass",
        "augmentation stays when its treatment has ended",
    ),
    (
        "care/treatments.py",
        "if life.pregnancy != 0 and p.treatment_in_pregnancy[k] == 0.0:",
        "if False:",
        "drugs are taken through pregnancy",
    ),
    (
        "exposures/kidney.py",
        "of_dialysis.dialysis_care += 1.0",
        "pass",
        "no iron is infused on dialysis",
    ),
    (
        "worlds/living_again.py",
        "care = receive_care(bodies[w + 1], life, burdens[borne], at, p)",
        "care = receive_care(bodies[0], life, burdens[borne], at, p)",
        "iron is infused by what is measured in another world",
    ),
    (
        "exposures/kidney_course.py",
        "[[278.0], [446.0]]",
        "[[446.0], [278.0]]",
        "more women than men need dialysis",
    ),
    (
        "exposures/kidney.py",
        "making.mortality = follow_course(making.mortality, rates, *times).other_death",
        "making.mortality = making.mortality * 1.0",
        "patients die twice, by the registry and by the life table",
    ),
    (
        "exposures/kidney.py",
        "if life.kidney == CKD_4:\n        of_kidney",
        "if life.kidney in (CKD_3, CKD_4):\n        of_kidney",
        "CKD 3 burdens as CKD 4-5 does",
    ),
    (
        "exposures/menses.py",
        "loss *= p.pill_menses_factor",
        "loss *= p.hormonal_coil_menses_factor",
        "the pill stops menses as a coil does",
    ),
    (
        "exposures/menses.py",
        'P("pill_menses_factor", 0.5,',
        'P("pill_menses_factor", 0.15,',
        "the pill leaves a seventh of the loss",
    ),
    (
        "exposures/menses.py",
        'P("menstrual_loss_log_ml", 3.41,',
        'P("menstrual_loss_log_ml", 3.70,',
        "the typical woman loses 40 mL",
    ),
    (
        "exposures/menses.py",
        "of_heavy_menses.menses_ml += life.menstrual_loss_ml - p.typical_loss_ml_per_month",
        "of_heavy_menses.menses_ml += life.menstrual_loss_ml",
        "heavy bleeding counts the typical loss twice",
    ),
    (
        "exposures/menses.py",
        "& (people.amenorrhoea_until <= people.month)",
        "",
        "mothers who nurse are counted among menstruating women",
    ),
    (
        "exposures/menses.py",
        "return loss * p.cycles_per_month",
        "return loss",
        "a month has one cycle",
    ),
    (
        "exposures/catalogue/episodes.py",
        "burden.dopamine_load += p.condition_dopamine_load[c]",
        "pass",
        "conditions have no load of their own",
    ),
    (
        "exposures/catalogue/episodes.py",
        "making.mortality = making.mortality / mortality_factor(catalogue)",
        "pass",
        "mortality ratios come on top of the life table",
    ),
    (
        "exposures/catalogue/episodes.py",
        "burden.blood_loss_ml += p.condition_blood_ml_at_onset[c]",
        "burden.blood_loss_ml += p.condition_blood_ml_per_day[c]",
        "nobody bleeds at onset",
    ),
    (
        "exposures/catalogue/episodes.py",
        "if needed >= ratio:",
        "if False:",
        "every onset that is offered is taken",
    ),
    (
        "exposures/catalogue/episodes.py",
        "            spared = at_onset\n",
        "            spared = 1.0\n",
        "after an onset that is not taken the next is sought from birth",
    ),
    (
        "exposures/catalogue/tables.py",
        "        yearly[numbers] = of_group.hazard\n",
        "",
        "what raises a condition comes on top of the onsets that are given",
    ),
    (
        "exposures/catalogue/together.py",
        "let_die(people, of_state, states.mortality_ratio, mortality[age] / ratio)",
        "pass",
        "excess deaths do not thin out those with several conditions",
    ),
    (
        "exposures/donation.py",
        "    visits *= p.healthy_visit_factor[life.sex, age]\n",
        "",
        "donors whom nothing defers come no more often than all together",
    ),
    (
        "life/uneventful.py",
        "            | (1.0 - begins < chances.donorship)\n",
        "",
        "looking ahead passes over the first visits of donors",
    ),
    (
        "life/uneventful.py",
        "min(life.conditions_until, life.environment_until)",
        "life.conditions_until",
        "looking ahead passes over changes of the environment",
    ),
    (
        "exposures/menses.py",
        "return sooner(until, life.menopause_month, month)",
        "return until",
        "looking ahead passes over menopause",
    ),
    (
        "exposures/donation.py",
        "        until = sooner(until, first, at.month)\n",
        "",
        "looking ahead passes over the first tablets after a donation",
    ),
    (
        "exposures/kidney.py",
        "onset = rates.onset / kidney_factor(catalogue_of(making))",
        "onset = rates.onset",
        "what raises kidney disease comes on top of the registry's incidence",
    ),
    (
        "exposures/kidney_course.py",
        "by_age(onset, ckd_3_years + ckd_4_years) * BY_SEX",
        "by_age(onset, ckd_3_years + ckd_4_years) * np.ones((2, 1))",
        "kidney disease is as common in women as in men",
    ),
    (
        "exposures/kidney_course.py",
        "                ckd_4 *= kept\n",
        "",
        "nobody dies in the last stage before dialysis",
    ),
    (
        "exposures/kidney_course.py",
        "dialysis += begun + failed - transplanted",
        "dialysis += begun - transplanted",
        "grafts that fail do not count on dialysis",
    ),
    (
        "exposures/kidney_course.py",
        "onset * np.sqrt(incidence * prevalence / (begun / years) / (dialysis / years))",
        "onset * incidence / (begun / years)",
        "the registry's prevalence does not count",
    ),
    (
        "exposures/catalogue/condition.py",
        "absorption_factor=self.absorption_factor**strength,",
        "absorption_factor=self.absorption_factor * strength,",
        "a stronger effect absorbs more",
    ),
    (
        "exposures/catalogue/condition.py",
        "return recovery + (1.0 - share) * excess * without_it",
        "return recovery + excess * without_it",
        "excess deaths do not spare the others' share",
    ),
    # Body
    (
        "body/symptoms.py",
        "RISES_UNTIL, OLD_AGE = 64, 85",
        "RISES_UNTIL, OLD_AGE = 60, 85",
        "liability stops rising at 60",
    ),
    (
        "body/symptoms.py",
        "+ p.lasting_effect * body.vulnerability",
        "+ p.lasting_effect * body.lasting_load",
        "the lasting load of pregnancy comes without delay",
    ),
    (
        "body/brain.py",
        "kept = 1.0 - p.lasting_cns_iron_loss * body.vulnerability",
        "kept = 1.0 - p.lasting_cns_iron_loss * body.lasting_load",
        "pregnancies lower CNS iron without delay",
    ),
    (
        "body/lasting.py",
        "of_shortage = (1.0 - supply) * p.lasting_share_per_short_month",
        "of_shortage = supply * p.lasting_share_per_short_month",
        "months of full supply leave a scar",
    ),
    (
        "body/symptoms.py",
        "if at.month - body.rls_last_month > MONTHS_BETWEEN_COURSES:",
        "if at.month - body.rls_last_month > 1:",
        "every remission begins a new course",
    ),
    (
        "body/symptoms.py",
        "if at.age < p.youngest_age_years:",
        "if at.age < 0:",
        "infants have RLS",
    ),
    (
        "body/symptoms.py",
        "+ (1.0 - p.dopamine_share) * iron_effect",
        "+ iron_effect",
        "what passes through dopamine counts twice",
    ),
    (
        "body/symptoms.py",
        "stays = 1.0 - p.remission_per_month * (1.0 - prevalence)",
        "stays = 1.0 - p.remission_per_month",
        "remission does not depend on liability",
    ),
    (
        "body/symptoms.py",
        "if body.liability >= p.weekly_liability:",
        "if body.liability >= p.significant_liability - 1.0:",
        "cases are weekly too early",
    ),
    (
        "body/brain.py",
        "p.dopamine_share * effect, burden.dopamine_load, p",
        "effect, burden.dopamine_load, p",
        "all lack of iron passes through dopamine",
    ),
    (
        "body/brain.py",
        "lacking = 1.0 - body.cns_iron_structural * p.per_structural_pool_norm[age]",
        "lacking = 1.0 - body.cns_iron_structural",
        "children lack structural iron because they are young",
    ),
    (
        "body/brain.py",
        "target = life.cns_iron_trait * supply * kept",
        "target = supply * kept",
        "nobody's CNS iron is marginal",
    ),
    (
        "body/iron.py",
        "drive = erythropoietic_drive(deficit, target, p)",
        "drive = 1.0",
        "absorption does not respond to bleeding",
    ),
    (
        "body/iron.py",
        "bled = red_cells * min(",
        "bled = life.red_cell_target_mg * min(",
        "the anaemic lose as much iron as others",
    ),
    (
        "body/iron.py",
        "circulating_ml = 1000.0 * life.blood_volume_l * burden.blood_volume_factor",
        "circulating_ml = 1000.0 * life.blood_volume_l",
        "deliveries bleed from unexpanded blood",
    ),
    (
        "body/iron.py",
        "made = min(p.erythropoiesis_per_month * deficit, reaching, stores)",
        "made = min(p.erythropoiesis_per_month * deficit, stores)",
        "red cells are made as long as there are stores",
    ),
    (
        "body/iron.py",
        "return p.store_release_per_month * share * pace * body.storage_iron_mg",
        "return p.store_release_per_month * pace * body.storage_iron_mg",
        "low stores give as large a share as full ones",
    ),
    (
        "body/iron.py",
        "regulated = min(share / p.share_at_tablet_reference, 1.0)",
        "regulated = 1.0",
        "full stores absorb tablets as empty ones",
    ),
    (
        "body/iron.py",
        "obtained = p.conceptus_priority + (1.0 - p.conceptus_priority) * supply",
        "obtained = supply",
        "the child of an iron-deficient mother gets next to nothing",
    ),
    (
        "body/iron.py",
        "np.where(people.age < 5, 12.0, 15.0)",
        "np.where(people.age < 5, 12.0, 30.0)",
        "iron deficiency begins at 30 µg/L",
    ),
    (
        "body/iron.py",
        "[110.0, 115.0, 120.0, 130.0, 110.0],",
        "[110.0, 115.0, 120.0, 130.0, 120.0],",
        "pregnant women are anaemic below 120 g/L",
    ),
    (
        "body/responses.py",
        "exp(p.supply_steepness * (p.log_supply_half_ferritin - log_ferritin))",
        "exp(p.log_supply_half_ferritin - log_ferritin)",
        "supply falls slowly with ferritin",
    ),
    # Life
    (
        "body/iron.py",
        "REFERENCE_WEIGHT_KG = 70.0",
        "REFERENCE_WEIGHT_KG = 77.4",
        "stores are scaled to the weight of basal loss",
    ),
    (
        "life/growth.py",
        "BASAL_LOSS_WEIGHT_KG = 77.4",
        "BASAL_LOSS_WEIGHT_KG = 70.0",
        "basal loss is scaled to the weight of stores",
    ),
    ("life/growth.py", "* life.basal_loss_factor", "* 1.0", "people do not differ in basal loss"),
    (
        "life/growth.py",
        "(normal(bleeding) - 0.5 * spread)",
        "normal(bleeding)",
        "the median of bleeding is 1, not its mean",
    ),
    (
        "exposures/catalogue/episodes.py",
        "bleeding * p.condition_blood_ml_per_day[c]",
        "p.condition_blood_ml_per_day[c]",
        "people do not differ in bleeding",
    ),
    (
        "life/growth.py",
        "adult = 0.3561 * cube + 0.03308 * weight_kg + 0.1833",
        "adult = 0.3669 * cube + 0.03219 * weight_kg + 0.6041",
        "women have the blood of men",
    ),
    (
        "life/genome.py",
        "- shared * life.cns_iron_polygenes",
        "+ shared * life.cns_iron_polygenes",
        "genes of low CNS iron protect otherwise",
    ),
    (
        "life/genome.py",
        "genome_uid, locus, LOCUS_GAMETE",
        "life.uid, locus, LOCUS_GAMETE",
        "monozygotic twins differ in their loci",
    ),
    (
        "life/genome.py",
        "SEGREGATION_SD = math.sqrt(0.5)",
        "SEGREGATION_SD = 1.0",
        "variance grows with every generation",
    ),
    (
        "life/genome.py",
        "return (stratum + u) / STRATA",
        "return u",
        "founders' genes are independent draws and drift more",
    ),
    (
        "life/environment.py",
        "life.other_liability -= life.environmental_liability",
        "life.other_liability -= 0.0",
        "environments of the past are never left",
    ),
    (
        "life/environment.py",
        "chance.at(p.key, life.uid, month, NEW_ENVIRONMENT)",
        "chance.once(p.key, life.uid, NEW_ENVIRONMENT)",
        "all environments after the first are the same",
    ),
    (
        "life/month.py",
        "if month >= life.environment_until:",
        "if month > life.environment_until:",
        "environments change a month late",
    ),
    (
        "life/loci.py",
        "sign = -direction if of_iron else direction",
        "sign = direction",
        "risk alleles raise CNS iron",
    ),
    (
        "life/loci.py",
        "low = max(p.significant_liability, mean - REACH * sd)",
        "low = mean - REACH * sd",
        "odds ratios are those of any RLS, not of clinically significant RLS",
    ),
    (
        "life/loci.py",
        "math.sqrt(part / spread),",
        "2.0 * math.sqrt(part / spread),",
        "loci may hold more than the genetic variance of a trait",
    ),
    (
        "life/birth.py",
        "and man.uid != mother.father",
        "",
        "a father may have children with his daughter",
    ),
    ("life/birth.py", "and man.death_month > conceived", "", "the dead have children"),
    (
        "life/birth.py",
        "if man.partner_until <= free_at and is_possible_father(man, mother, conceived):",
        "if is_possible_father(man, mother, conceived):",
        "men have children with several women at a time",
    ),
    (
        "life/birth.py",
        "if mother.partner_until <= conceived:",
        "if mother.partner == np.uint64(0):",
        "couples never part",
    ),
    (
        "life/birth.py",
        "father.partner_until = min(until, mother.death_month)",
        "father.partner_until = until",
        "a widower is not free if his wife died before the block of months was closed",
    ),
    (
        "life/birth.py",
        "lives[widower].partner_until = woman.death_month",
        "pass",
        "widowers stay alone",
    ),
    (
        "life/mortality.py",
        "return p.death[life.sex, age] * mortality_ratio",
        "return p.death[life.sex, age]",
        "conditions do not kill",
    ),
    # Measuring and observing
    (
        "measuring/assays.py",
        "saturation_factor *= p.inflammation_saturation_factor",
        "pass",
        "inflammation no longer lowers saturation",
    ),
    (
        "measuring/assays.py",
        "ferritin_factor == 1.0 and age >= 18 and inflamed",
        "age >= 18 and inflamed",
        "people with inflammatory disease are inflamed by chance as well",
    ),
    (
        "measuring/assays.py",
        "max(age - 20, 0)",
        "(age - 20)",
        "ferritin of children differs less the younger they are",
    ),
    (
        "measuring/assays.py",
        "haemoglobin(body, circulating_volume_l(life, month, p), p)",
        "haemoglobin(body, life.blood_volume_l, p)",
        "pregnancy does not dilute haemoglobin",
    ),
    ("measuring/cases.py", "_MONTHS = (1, 12)", "_MONTHS = (1, 13)", "thirteen months make a year"),
    (
        "measuring/questionnaire.py",
        "np.minimum(mimics, MOST_MIMICS)",
        "mimics",
        "all of the very old are mimics",
    ),
    ("observe/kin.py", "& (father[one] != _NOBODY)", "", "all unknown fathers are one man"),
    (
        "observe/survey.py",
        'people["death_month"] == NEVER',
        'people["death_month"] > 0',
        "the dead are surveyed",
    ),
    # Worlds
    (
        "worlds/world.py",
        "body.lasting_load, body.vulnerability = factual.lasting_load, factual.vulnerability",
        "advance_lasting(body, burden, 1.0, p)",
        "where the path to dopamine is cut, shortage leaves no scar",
    ),
    (
        "worlds/world.py",
        "elif iron_only:",
        "elif not iron_only:",
        "worlds swap the whole and the iron",
    ),
    (
        "worlds/world.py",
        "lay_standing(burdens[standing], there & ~left_out, bleeding, 0, begun, p)",
        "lay_standing(burdens[standing], there, bleeding, 0, begun, p)",
        "no condition is left out",
    ),
    (
        "worlds/world.py",
        "advance_pools(body, life, supply, p)",
        "advance_pools(body, life, 0.5 * supply, p)",
        "replete stores supply half",
    ),
    (
        "worlds/living_again.py",
        "follow_exposures(life, bodies[w + 1], month, p)",
        "pass",
        "children of other worlds keep the factual iron",
    ),
    # Estimates
    (
        "results/tables/incidence.py",
        'survey.bodies["rls_last_month"] <= survey.month - FOLLOW_UP_MONTHS',
        'survey.bodies["rls_last_month"] < survey.month',
        "people who had RLS in the past year are at risk of new RLS",
    ),
    (
        "calibration/measures/genes.py",
        'controls = ~seen.are("any", query.recall, query.instrument)',
        "controls = ~cases",
        "people with mild RLS are controls",
    ),
    (
        "results/tables/contrasts.py",
        "if group.part_of\n                        else exposed",
        "if False\n                        else exposed",
        "parts of a group are compared with its other parts",
    ),
    (
        "results/tables/contrasts.py",
        "everyone_by_band - bands_of.count(whole),",
        "everyone_by_band,",
        "the exposed are among the unexposed",
    ),
    (
        "results/tables/contrasts.py",
        '"cases_with_and_without": margin.count(exposed[w & f]),',
        '"cases_with_and_without": margin.count(exposed[w | f]),',
        "pairs are counted as either",
    ),
    (
        "results/tables/shifts.py",
        "lambda x, z: x - z,",
        "lambda x, z: z - x,",
        "what iron mediates has the wrong sign",
    ),
    (
        "results/tables/shifts.py",
        "lambda x, y, z: (x - z) / (x - y),",
        "lambda x, y, z: (x - z) / x,",
        "the mediated share is of the prevalence",
    ),
    (
        "results/tables/shifts.py",
        '"share", "XY",',
        '"share", "xy",',
        "the population's attributable fraction is that of the exposed",
    ),
    (
        "results/tables/shifts.py",
        "lambda e, y: y - e,",
        "lambda e, y: e - y,",
        "confounding has the wrong sign",
    ),
    (
        "results/tables/incidence.py",
        "end = np.full(len(survey), survey.month + FOLLOW_UP_MONTHS + 0.5)",
        "end = np.full(len(survey), survey.month + FOLLOW_UP_MONTHS + 1.0)",
        "a year has twelve and a half months",
    ),
    (
        "results/tables/incidence.py",
        "np.where(free, (first_onset - survey.month - 0.5) / 12.0, 0.0)",
        "(first_onset - survey.month - 0.5) / 12.0",
        "people with RLS are at risk of a first onset",
    ),
    (
        "results/tables/kin.py",
        "2.0 * both / (2.0 * both + first + second)",
        "both / (both + first + second)",
        "concordance is pairwise",
    ),
    (
        "results/tables/kin.py",
        "value = 2.0 * (correlation.value[:, mono]",
        "value = 1.0 * (correlation.value[:, mono]",
        "Falconer without his two",
    ),
    (
        "results/tetrachoric.py",
        "EMPTY_CELL = 0.5",
        "EMPTY_CELL = 0.0",
        "empty cells make perfect correlations",
    ),
    (
        "results/rates.py",
        "value = value + weights[i] * share",
        "value = value + share / len(strata)",
        "standardised without the standard",
    ),
    (
        "results/combining.py",
        "np.sqrt((within + between) / (total - 1.0))",
        "np.sqrt(within / (total - 1.0))",
        "blocks that differ do not spread",
    ),
    (
        "results/intervals.py",
        "total = monte_carlo + np.where(draws > 1, between, 0.0)",
        "total = monte_carlo",
        "intervals leave out the parameters",
    ),
    (
        "results/nesting.py",
        "factor = self.replicates / np.maximum(self.replicates - 1, 1)",
        "factor = 1.0",
        "replicates vary by R instead of R - 1",
    ),
    (
        "results/tables/partitions.py",
        "deficient & ~loaded & (survey.age >= ADULT_AGE)",
        "deficient & (survey.age >= ADULT_AGE)",
        "other loads widen the range of iron deficiency",
    ),
    (
        "results/tables/postulates.py",
        "(1.0 - c) / (1.0 - s)",
        "(1.0 - s) / (1.0 - c)",
        "the path's share is upside down",
    ),
)


def written_mutants() -> Iterator[Mutant]:
    """The wrong rules as mutants, in the order of the list.

    Raises
    ------
    ValueError
        If a text does not stand exactly once in its module.
    """
    for module, text, wrong, mistake in WRONG_RULES:
        source = source_of(module)
        if source.count(text) != 1:
            raise ValueError(
                f"{module}: {text!r} stands {source.count(text)} times (expected once): {mistake}"
            )
        start = source.index(text)
        yield Mutant(module, mistake, text, wrong, 1, start, start + len(text))
