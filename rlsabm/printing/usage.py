"""What is wrong with a command, and what may have been meant by it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from rlsabm.errors import UserError, nearest
from rlsabm.wording import value_text, with_help

OPTION = "--set"


def refuse_options(method: str, of_methods: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse a method that there is not, and options that another method has.

    Parameters
    ----------
    method
        The method that is asked for.
    of_methods
        Of each method its options with what was given; None where nothing was.

    Raises
    ------
    UserError
        If there is no such method, or an option is of another one.
    """
    if method not in of_methods:
        hint = nearest(method, list(of_methods))
        found = f"--method: found {value_text(method)}"
        raise UserError(with_help(found, " or ".join(of_methods), hint))
    for other, options in of_methods.items():
        for option, value in options.items():
            if other != method and value is not None:
                raise UserError(
                    f"--{option}: is an option of --method {other} (found with --method {method})"
                )


def setting_in_parts(arguments: Sequence[str]) -> str:
    """A hint that begins with a space, if a setting was cut at its spaces; nothing otherwise.

    Parameters
    ----------
    arguments
        The words of the command.
    """
    for place, word in enumerate(arguments):
        first, equals, value = word.partition("=")
        if first != OPTION:
            continue
        words = [value] if equals else []
        for each in arguments[place + 1 :]:
            if each.startswith("--"):
                break
            words.append(each)
        if words and (whole := _whole(words)) != words[0]:
            return f" (did you mean {shlex.join([OPTION, whole])}?)"
    return ""


def _whole(words: Sequence[str]) -> str:
    """The setting that begins with the first word, and may go on in the next ones."""
    setting, *rest = words
    if rest and "=" not in setting:
        value = rest.pop(0)
        setting += value if value.startswith("=") else f"={value}"
    if rest and setting.endswith("="):
        setting += rest.pop(0)
    while rest and _is_open(setting):
        setting += f" {rest.pop(0)}"
    return setting


def _is_open(setting: str) -> bool:
    """Whether a list or a mapping is not closed."""
    return sum(map(setting.count, "[{")) > sum(map(setting.count, "]}"))
