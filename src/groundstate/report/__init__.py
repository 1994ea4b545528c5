"""The report: run folders in, one HTML page out."""
