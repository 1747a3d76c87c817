"""What commands print: tables for a terminal of 100 columns."""
