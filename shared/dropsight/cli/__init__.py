"""The `dropsight` command."""
