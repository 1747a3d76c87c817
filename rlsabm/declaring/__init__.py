"""How a part of the model says what it owns: fields, parameters, tables, groups, settings, events."""
