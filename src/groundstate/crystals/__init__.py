"""Crystals: data, generative models, generation."""
