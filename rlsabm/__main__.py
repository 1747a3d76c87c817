"""The program `rlsabm`: it hears Ctrl-C from its first moment, and hands over to the command line."""

from __future__ import annotations

from rlsabm.study import interruptions


def main() -> None:
    """Entry point."""
    interruptions.listen()
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
