"""bright-spots: a detector of small bright particles, trained on simulated microscope frames."""
