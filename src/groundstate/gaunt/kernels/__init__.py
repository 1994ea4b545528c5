"""Kernels that evaluate contractions in blocks of the batch."""
