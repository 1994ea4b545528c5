"""Weights to and from the tensor products of e3nn."""
