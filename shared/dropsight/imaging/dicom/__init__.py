"""DICOM files: structure, attributes, pixels (PS3.3, PS3.5, PS3.10)."""
