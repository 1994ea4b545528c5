"""What the report says about molecules."""
