"""Generative models of crystals and their registry."""
