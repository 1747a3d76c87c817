"""The report of a study: one page of HTML that works offline, for screen and paper."""
