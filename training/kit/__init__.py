"""What every recipe needs: folders, a tracked run with checkpoints, curves, bundle files."""
