"""The recipe of the bundle `models/cxr-keras-lime`: `python -m training.cxr_keras_lime`."""
