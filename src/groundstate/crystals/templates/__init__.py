"""Known crystals as templates: their structure with the elements of another composition."""
