"""The door of the command line: reads the words, hands them to one command, and turns errors into one line each.

Exit status: 0 all went well; 1 an image or the run failed; 2 the words were wrong; 130 interrupted with Ctrl-C;
141 the reader of our output went away (``contrique score photos | head``), as the shell reports for any such program.
"""

import argparse
import os
import sys
from collections.abc import Sequence

from contrique import __version__
from contrique.cli import (
    codebook,
    dead_leaves,
    distort,
    embed,
    evaluate,
    export,
    finetune,
    fit,
    import_checkpoint,
    info,
    pretrain,
    probe,
    report,
    score,
)
from contrique.errors import ContriqueError, MissingExtra, ToldElsewhere

COMMANDS = {
    "score": score,
    "info": info,
    "fit": fit,
    "finetune": finetune,
    "evaluate": evaluate,
    "report": report,
    "distort": distort,
    "dead-leaves": dead_leaves,
    "pretrain": pretrain,
    "probe": probe,
    "export": export,
    "import-checkpoint": import_checkpoint,
    "embed": embed,
    "codebook": codebook,
}
"""Every command by its name, in the order of the help; their modules import nothing heavy before they run."""

DESCRIPTION = "How good does a photograph look to people? Scores from 0 to 100, higher is better, no reference needed."

EPILOG = """\
examples:
  contrique score photo.jpg                    one photograph
  contrique score holiday/ -o scores.csv       a folder and all below it, into a spreadsheet
  contrique info                               what the model is and how well it agrees with people
  contrique COMMAND --help                     what a command takes, with examples

Results go to standard output or to the file named by -o; progress, warnings and errors go to standard error.
Exit status: 0 fine, 1 something failed (one bad image is enough), 2 wrong usage, 130 interrupted.
"""


def build_parser() -> argparse.ArgumentParser:
    """The parser of ``contrique`` with one subparser a command."""
    parser = argparse.ArgumentParser(
        prog="contrique",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = commands.add_parser(
            name,
            help=command.SUMMARY,
            description=command.SUMMARY,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run, parser=subparser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line.

    Args:
        arguments: the words after ``contrique``; those of this process if left out.

    Returns:
        The exit status, see the top of this file. Wrong usage raises ``SystemExit(2)``, as argparse does.
    """
    for name in ("stdout", "stderr"):  # None where the caller closed it, as some daemons do
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  (open for as long as the process)
    parser = build_parser()
    args = parser.parse_args(arguments)
    if args.version:
        print(f"contrique {__version__}")
        return 0
    if args.command is None:
        parser.print_help(sys.stderr)
        return 2
    try:
        _tell_which_model(args)
        status = args.run(args)
        sys.stdout.flush()  # here, so that a reader that went away is noticed here
        return status
    except KeyboardInterrupt:
        return _failed("interrupted", 130)
    except BrokenPipeError:
        # Whatever is still buffered has no reader: without this the interpreter complains when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _failed(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error), 1)
    except ToldElsewhere:
        return 1
    except (ContriqueError, MissingExtra) as error:
        return _failed(str(error), 1)


def _tell_which_model(args: argparse.Namespace) -> None:
    """Warn where a word means a model that ships and a folder here is called the same."""
    given = getattr(args, "model", None) or []
    for word in [given] if isinstance(given, str) else given:
        if os.path.isdir(word):
            from contrique.folders import MODELS

            if word in MODELS:
                told = f"{word} is the model that ships; the folder of that name here is ./{word}"
                print(f"contrique: warning: {told}", file=sys.stderr)


def _failed(message: str, status: int) -> int:
    line = " ".join(message.split())
    print(f"contrique: error: {line}", file=sys.stderr)
    return status
