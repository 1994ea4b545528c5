"""``distogram``: which distances between heavy atoms a data set's geometries have, from the graph alone."""
