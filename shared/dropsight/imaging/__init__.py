"""From an uploaded file to a frame: recognise, check, de-identify, decode, window, resize."""
