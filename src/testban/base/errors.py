"""Every error that testban raises on purpose.

Rules kept here: an error is one sentence that says what was expected, what came and what to do; input that
cannot be used is an `InputError` and ends a command with exit status 2, a negative finding is not an error.
"""


class TestbanError(Exception):
    """Root of all errors that testban raises on purpose."""

    __test__ = False


class InputError(TestbanError):
    """Input that cannot be used: of the wrong form, damaged, empty or contradictory."""


class FormatError(InputError):
    """Bytes that are not of the format they claim to be."""


class InventoryError(InputError):
    """Station metadata that is missing or contradicts itself."""


class SourceError(InputError):
    """A place (file, archive, service) that cannot be read."""


class ConfigurationError(InputError):
    """A setting that has no meaning."""


class StoreError(TestbanError):
    """The catalogue or archive cannot be written or read back."""
