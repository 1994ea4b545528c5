"""Files of crystals, format by format."""
