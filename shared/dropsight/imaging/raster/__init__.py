"""PNG, JPEG, TIFF, WebP and BMP files."""
