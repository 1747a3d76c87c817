# Read the tables of a study with arrow and dplyr: prevalence by sex and age group.
#
# Rscript docs/examples/read_tables.R outputs/baseline
library(arrow)
suppressPackageStartupMessages(library(dplyr))

arguments <- commandArgs(trailingOnly = TRUE)
folder <- if (length(arguments) > 0) arguments[1] else "outputs/baseline"

# Choose one value of every column that describes the same people; then add up, and divide last.
table <- read_parquet(file.path(folder, "prevalence.parquet")) |>
  filter(
    arm == "reference", world == "factual", year == max(year), condition == "everyone",
    definition == "any", recall == "current", observed_as == "truth"
  ) |>
  group_by(sex, age_group) |>
  summarise(cases = sum(cases), persons = sum(persons), .groups = "drop") |>
  mutate(percent = round(100 * cases / persons, 1))
print(as.data.frame(table))
