"""Gaunt tensor products: exact products of functions on the sphere, and equivariant modules built on them."""

from groundstate.gaunt.convert import from_e3nn, to_e3nn
from groundstate.gaunt.convolution import GauntConvolution
from groundstate.gaunt.directions import spherical_harmonics
from groundstate.gaunt.functional import gaunt_bracket, gaunt_power, gaunt_product, gaunt_product_many
from groundstate.gaunt.many_body import GauntManyBody
from groundstate.gaunt.product import GauntTensorProduct
from groundstate.gaunt.self_mix import DegreeLinear, GauntSelfMix
from groundstate.gaunt.tables import bracket_coefficients, gaunt_coefficients

__all__ = [
    "DegreeLinear",
    "GauntConvolution",
    "GauntManyBody",
    "GauntSelfMix",
    "GauntTensorProduct",
    "bracket_coefficients",
    "from_e3nn",
    "gaunt_bracket",
    "gaunt_coefficients",
    "gaunt_power",
    "gaunt_product",
    "gaunt_product_many",
    "spherical_harmonics",
    "to_e3nn",
]
