"""A mutation check: rules and estimators are broken one at a time, and tests must notice."""
