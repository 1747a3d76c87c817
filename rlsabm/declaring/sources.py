"""Sources that several parameters cite, and the published figures to which parameters were set."""

IOM = "Institute of Medicine 2001, Dietary Reference Intakes, doi 10.17226/10026"

# Figures to which parameters were set by hand or by a coarse search: sources say "set to" one of them.
ANY_RLS_IN_ADULTS = "any RLS in adults 7.2 % (Allen 2005, REST), 7.1 % worldwide (Song 2024)"
WEEKLY_SHARE = "0.69 of adults with RLS have it at least weekly (Allen 2005)"
SIGNIFICANT_RLS_IN_ADULTS = "clinically significant RLS in adults 2.7 % (Allen 2005)"
ANY_RLS_IN_MEN = "any RLS in men 5.8 % (Tison 2005), 6.6 % at 50-89 years (Högl 2005)"
RISE_WITH_AGE = "prevalence rises to about 64 years, then is flat or falls (Tison 2005)"
NEW_AND_LASTING_RLS = (
    "new RLS on five days a month or more 0.5-1.7 per 100 person-years (Budhiraja 2012 J Clin Sleep "
    "Med 8:119; Batool-Anwar 2016 doi 10.5664/jcsm.5482); about 45 % of the cases of a survey are "
    "cases again after two to five years (Szentkirályi 2011)"
)
RLS_IN_CHILDREN = (
    "any RLS at 8-11 and 12-17 years 1.9 and 2.0 %, no sex difference (Picchietti 2007)"
)
RLS_IN_THE_THIRD_TRIMESTER = "any RLS in the third trimester 22 % (Chen 2018)"
RLS_IN_ANAEMIA = "clinically significant RLS in iron deficiency anaemia 23.9 % (Allen 2013)"
RISK_ALLELES = (
    "odds ratios of six risk alleles for clinically significant RLS (Stefansson 2007, Winkelmann 2011, "
    "Schormair 2017)"
)
RLS_ON_HAEMODIALYSIS = "any RLS on haemodialysis 27.2 % (pooled, 24.8-29.7)"
IRON_IN_TRIALS = "IRLS of iron against placebo -3.78 points (-6.25 to -1.31; Trotti 2019, Cochrane)"
CSF_FERRITIN_IN_RLS = (
    "ferritin in cerebrospinal fluid is lower in RLS at equal serum ferritin (Earley 2000, "
    "Mizuno 2005)"
)
FERRITIN_OF_MEN = (
    "ferritin of men in NHANES, geometric mean 129, 145 and 127 µg/L at 20-39, 40-59 and from 60"
)
FERRITIN_SPREAD_OF_MEN = (
    "percentiles 5-95 of ferritin of men in NHANES 1999-2002, 41-382 µg/L at 20-39, 32-500 at 40-59 "
    "and 21-552 from 60"
)
ABSORPTION_OF_DONORS = (
    "absorption of frequent donors in RISE, 4.49 mg/day in men and 3.75 in women, 44 % of whom took "
    "iron (PMID 28543044)"
)
HAEMOGLOBIN_AFTER_DONATION = (
    "80 % of haemoglobin recovered after a donation in 158 days at ferritin up to 26 µg/L and 78 days "
    "above, 32 and 31 with iron (HEIRS, Kiss 2015 JAMA 313:575)"
)
KIDNEY_FAILURE_COUNTS = (
    "incidence, prevalence, transplants and deaths of kidney failure (USRDS 2014)"
)
RLS_AFTER_ONE_BIRTH = "odds ratio of RLS after one birth, against none, 1.98 (Berger 2004)"
