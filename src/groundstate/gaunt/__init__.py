"""Gaunt tensor products: exact products of functions on the sphere, and the equivariant modules built on them."""

from groundstate.gaunt.functional import gaunt_product
from groundstate.gaunt.product import GauntTensorProduct
from groundstate.gaunt.tables import bracket_coefficients, gaunt_coefficients

__all__ = ["GauntTensorProduct", "bracket_coefficients", "gaunt_coefficients", "gaunt_product"]
