"""What the rows of a stability score come to: rates, comparisons, other works' conventions."""
