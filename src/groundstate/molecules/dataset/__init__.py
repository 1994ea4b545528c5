"""Molecules as data: readers, records, splits."""
