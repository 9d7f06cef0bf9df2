"""Files to try dropsight with: made here or carried by a dependency, never of a person."""
