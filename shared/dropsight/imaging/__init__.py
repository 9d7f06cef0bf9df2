"""From stored bytes to prepared pixels, and from heatmaps to pictures. No I/O."""
