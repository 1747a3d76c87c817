"""What is measured in people: assays, scans, autopsies, and the instruments that ask."""
