import argparse

import pytest

from common.command_line import line, positive


@pytest.mark.parametrize("text", ["0", "-1", "1.5", "²", "", "ten"])
def test_a_number_that_is_not_positive_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="a whole number from 1"):
        positive(text)
    assert positive("15") == 15


@pytest.mark.parametrize("text", ["", "  ", "two\nlines", "a\x00b", "\x1b[31mred"])
def test_text_that_is_no_line_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="one line of text"):
        line(text)
    assert line("the new courier is in its data") == "the new courier is in its data"
