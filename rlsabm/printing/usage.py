"""What may have been meant by a command that the shell has cut into other words."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

OPTION = "--set"


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
