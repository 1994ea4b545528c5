"""The contraction of two signals into a third, and the ways to compute it."""
