"""What lies in the folder of a discovery; hidden files and the cache are what a discovery goes on from."""

CRYSTALS, RELAXED, REJECTED, SUMMARY, PAGE = (
    "crystals.csv",
    "relaxed.extxyz",
    "rejected.csv",
    "summary.json",
    "discovery.html",
)
NEAR = 0.025  # eV per atom above the hull, the column ``near_hull``: about the error of the potential
