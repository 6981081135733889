"""Types of command-line arguments, for argparse: each says what it wants."""

import argparse


def positive(text: str) -> int:
    """A whole number from 1."""
    if not text.isascii() or not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 (got {text!r})")
    return int(text)


def line(text: str) -> str:
    """One line of text that is not blank."""
    if not text.strip() or not text.isprintable():
        raise argparse.ArgumentTypeError(f"must be one line of text (got {text!r})")
    return text
