"""From a scenario file to result files."""
