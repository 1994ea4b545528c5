"""The one exception type that reaches a user as a sentence instead of a traceback."""


class GroundstateError(Exception):
    """Something the user can put right: names the file, the id or the key, and what to do."""
