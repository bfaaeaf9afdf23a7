"""Steps: what several flows do alike. They stand below the flows, import none of them, and have no door."""
