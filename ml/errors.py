"""Errors whose messages say what is wrong and how to fix it."""

from __future__ import annotations


class NotTrainableError(ValueError):
    """The data cannot train a model: too few rows, one class only, an empty fold.

    The message says why and what to change. `ml.registry.register` logs it and adds no version; the
    build goes on.
    """


class ArtefactError(ValueError):
    """A stored model that must not be loaded: wrong checksum, format or version."""


class WrongPackageError(RuntimeError):
    """The `ml` that runs is not that of the project that dbt runs."""


class ArgumentError(ValueError, TypeError):
    """An argument that is not accepted: of another type, or of another value.

    The message names the argument, what was given and what is accepted.
    """
