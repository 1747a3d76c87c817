"""Sources that several rooms of the model cite."""

IOM = "Institute of Medicine 2001, Dietary Reference Intakes, doi 10.17226/10026"
