"""What the report says about interatomic potentials."""
