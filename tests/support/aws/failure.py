"""What AWS answers instead of a result."""


class AwsError(Exception):
    """An error as a service gives it: code, message, HTTP status."""

    def __init__(self, code, message, status=400):
        super().__init__(f"{code}: {message}")
        self.code, self.message, self.status = code, message, status


class StandInMistake(AssertionError):
    """The stand-in itself is wrong (a reply that the model does not know, an action that nobody taught it): fails the test."""


class Unchecked(dict):
    """A reply that is wrong on purpose, as a broken AWS might give it: not held against the model."""
