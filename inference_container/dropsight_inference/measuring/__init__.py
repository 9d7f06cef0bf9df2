"""Times the bundles of this machine, for `dropsight plan`."""
