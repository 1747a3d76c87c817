"""Calibration: parameters learnt from published figures, by runs of the model in waves."""
