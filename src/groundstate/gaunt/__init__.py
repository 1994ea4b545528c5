"""Gaunt tensor products: exact products of functions on the sphere, and equivariant modules built on them."""

from groundstate.gaunt.basis.tables import bracket_coefficients, gaunt_coefficients
from groundstate.gaunt.conversion.from_e3nn import from_e3nn
from groundstate.gaunt.conversion.to_e3nn import to_e3nn
from groundstate.gaunt.directions import spherical_harmonics
from groundstate.gaunt.functional import gaunt_bracket, gaunt_power, gaunt_product, gaunt_product_many
from groundstate.gaunt.layers.convolution import GauntConvolution
from groundstate.gaunt.layers.degree_linear import DegreeLinear
from groundstate.gaunt.layers.many_body import GauntManyBody
from groundstate.gaunt.layers.product import GauntTensorProduct
from groundstate.gaunt.layers.self_mix import GauntSelfMix

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
