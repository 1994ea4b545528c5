"""Metrics: what each one is, and scores of molecules and crystals by them."""
