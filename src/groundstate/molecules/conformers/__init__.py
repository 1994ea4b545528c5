"""Start geometries of molecules and the candidates that are made of them."""
