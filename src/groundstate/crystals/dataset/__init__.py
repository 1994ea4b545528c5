"""Crystals as data: readers, records, splits."""
