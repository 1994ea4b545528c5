"""The contraction of two signals into a third: choice of kernel, derivatives, compiled forms."""
