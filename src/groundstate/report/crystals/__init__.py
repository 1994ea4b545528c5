"""What the report says about crystals."""
