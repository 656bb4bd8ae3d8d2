"""The lab's own error: same shape as the product's, so that every message names the next step."""

from rekamatan.errors import RekamatanError


class LabError(RekamatanError):
    """The lab could not be raised, changed or removed."""
