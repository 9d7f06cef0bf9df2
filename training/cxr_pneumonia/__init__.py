"""The recipe of the bundle `models/cxr-pneumonia`: `python -m training.cxr_pneumonia`."""
