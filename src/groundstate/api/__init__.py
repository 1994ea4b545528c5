"""The stages as Python functions: objects in, tables out; the commands call the same functions."""
