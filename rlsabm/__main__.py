"""The program `rlsabm`: it hears Ctrl-C from its first moment, and hands over to the command line."""

from __future__ import annotations

import gc

from rlsabm.study import interruptions

#: New objects after which Python looks for cycles of dead ones. Imports make many objects that live
#: on: looking through them every 700 takes a tenth of a short command's time.
OBJECTS_BETWEEN_COLLECTIONS = 100_000


def main() -> None:
    """Entry point."""
    interruptions.listen()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS)
    code = 130
    try:
        from rlsabm.cli import main as run

        run(listening=True)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except (Exception, KeyboardInterrupt):
        if not interruptions.is_asked():
            raise
    interruptions.leave_at_once(code)
    raise SystemExit(code)


if __name__ == "__main__":
    main()
