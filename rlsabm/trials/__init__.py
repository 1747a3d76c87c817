"""Virtual trials: patients are recruited at a survey, and each lives on in every arm of the trial."""
