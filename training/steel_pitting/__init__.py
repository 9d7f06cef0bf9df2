"""The recipe of the bundle steel-pitting: Mask R-CNN for pitting on ball screw drives."""
