"""One tree of errors: they come from configuration and callers, never from inspected text."""

from __future__ import annotations


class AIDefenceError(Exception):
    """Base of every error that this package raises on purpose."""


class ConfigError(AIDefenceError):
    """A setting, a file of settings or a shipped part is not usable."""


class SettingError(ConfigError):
    """One setting has a name or a value that we do not know; `where` is file and line, or who."""

    def __init__(self, setting: str, reason: str, where: str = "") -> None:
        super().__init__(f"{where}: setting `{setting}`: {reason}".removeprefix(": "))
        self.setting = setting
        self.reason = reason
        self.where = where

    def __reduce__(self) -> tuple[type[SettingError], tuple[str, str, str]]:
        return type(self), (self.setting, self.reason, self.where)


class RuleError(ConfigError):
    """A rule file is wrong; says where and what was expected there."""

    def __init__(self, path: str, line: int, column: int, expected: str, message: str) -> None:
        super().__init__(f"{path}:{line}:{column}: {message}, expected {expected}")
        self.path = path
        self.line = line
        self.column = column
        self.expected = expected
        self.message = message

    def __reduce__(self) -> tuple[type[RuleError], tuple[str, int, int, str, str]]:
        return type(self), (self.path, self.line, self.column, self.expected, self.message)


class RulebookError(ConfigError):
    """A folder of rules cannot be read as a whole."""


class PolicyError(ConfigError):
    """A policy cannot be read; says where, what was expected there and what it may have meant."""

    def __init__(
        self,
        file: str,
        line: int,
        column: int,
        message: str,
        expected: str = "",
        nearest: str = "",
    ) -> None:
        told = f"{file}:{line}:{column}: {message}"
        told += f", expected {expected}" if expected else ""
        super().__init__(told + (f"; did you mean `{nearest}`?" if nearest else ""))
        self.file = file
        self.line = line
        self.column = column
        self.message = message
        self.expected = expected
        self.nearest = nearest

    def __reduce__(self) -> tuple[type[PolicyError], tuple[str, int, int, str, str, str]]:
        told = (self.file, self.line, self.column, self.message, self.expected, self.nearest)
        return type(self), told


class ImageError(ConfigError):
    """The closed form of a policy is not as it must be; `place` leads to what is wrong."""

    def __init__(self, place: str, reason: str) -> None:
        super().__init__(f"policy image: {place}: {reason}" if place else f"policy image: {reason}")
        self.place = place
        self.reason = reason

    def __reduce__(self) -> tuple[type[ImageError], tuple[str, str]]:
        return type(self), (self.place, self.reason)


class ModelError(ConfigError):
    """A model file is missing, damaged or of a version we do not read."""


class ContentError(AIDefenceError, TypeError):
    """What was handed in for inspection is not text, messages or a list of them.

    `path` is a JSON pointer into it, to the part that is wrong.
    """

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path

    def __reduce__(self) -> tuple[type[ContentError], tuple[str, str]]:
        return type(self), (self.reason, self.path)


class LimitError(AIDefenceError, ValueError):
    """Something is larger than one call may take; says what, how large and what is allowed."""

    def __init__(self, what: str, given: int, most: int) -> None:
        super().__init__(f"`{given}` {what} are more than {most}")
        self.what = what
        self.given = given
        self.most = most

    def __reduce__(self) -> tuple[type[LimitError], tuple[str, int, int]]:
        return type(self), (self.what, self.given, self.most)


class VaultError(AIDefenceError):
    """A vault cannot be read or written, or its keys do not fit."""


class PinError(AIDefenceError):
    """A file of pins cannot be read or written, or was changed by somebody else."""


class ConversationError(AIDefenceError):
    """What is kept of a conversation cannot be read or written."""


class PolicyStateError(AIDefenceError):
    """What policies remember cannot be read or written."""


class LaunchError(AIDefenceError):
    """A server of tools cannot be started, or does not answer as one."""


class AddressError(AIDefenceError, OSError):
    """The gateway cannot listen where it was told to."""


class MissingExtraError(AIDefenceError, ImportError):
    """A feature needs an optional part that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f'{feature} needs an optional part: pip install "aidefence[{extra}]"')
        self.feature = feature
        self.extra = extra

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str]]:
        return type(self), (self.feature, self.extra)
