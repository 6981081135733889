"""How deep the columns of a Parquet file are nested, from its footer.

Readers go down by recursion: a file of 160 kB whose column is nested 20,000 times ends the process that opens it.
The footer is the struct FileMetaData in https://github.com/apache/parquet-format, whose schema is a flat list.
"""

from scorer.parquet.pages import BINARY, BOOLEANS, BYTE, DOUBLE, INTEGERS, STRUCT, Compact

DEEPEST = 200
"""Levels, three for a list in a list."""

LIST, SET = 9, 10
SCHEMA, CHILDREN = 2, 5
"""Fields of FileMetaData, and of an element of its schema."""

SIZES = {BYTE: 1, DOUBLE: 8}


def levels(footer: bytes) -> int:
    """The levels of the deepest column, or one more than DEEPEST; ValueError if the footer is damaged.

    A field that comes twice counts as its last one to some readers: each is looked at.
    """
    deepest = number = position = 0
    try:
        while head := footer[position]:
            position += 1
            if head < 16:
                number, position = _number(footer, position)
                number >>= 1
            else:
                number += head >> 4
            if number == SCHEMA and head & 15 == LIST:
                deepest = max(deepest, _levels(footer, position))
                if deepest > DEEPEST:
                    break
            position = _behind(footer, position, head & 15)
    except (IndexError, RecursionError):
        raise ValueError("footer") from None
    return deepest


def _levels(footer: bytes, position: int) -> int:
    """Of a schema: each of its elements is followed by its children."""
    size, _, position = _list_head(footer, position)
    element, missing, deepest = Compact(footer, position), list[int](), 0
    for _ in range(size):
        while missing and not missing[-1]:
            missing.pop()
        if missing:
            missing[-1] -= 1
        children = element.struct().get(CHILDREN)
        missing.append(children if isinstance(children, int) and children > 0 else 0)
        deepest = max(deepest, len(missing))
        if deepest > DEEPEST:
            break
    return deepest


def _behind(data: bytes, position: int, kind: int) -> int:
    """Where a value ends that begins at a position. A footer has very many: this has to be fast."""
    if kind == STRUCT:
        while head := data[position]:
            position += 1
            if head < 16:  # the field's number is written out
                position = _number(data, position)[1]
            kind = head & 15
            if kind in INTEGERS:
                while data[position] > 127:
                    position += 1
                position += 1
            elif kind not in BOOLEANS:  # whose value is their type
                position = _behind(data, position, kind)
        return position + 1
    if kind in INTEGERS:
        return _number(data, position)[1]
    if kind == BINARY:
        length, position = _number(data, position)
        return position + length
    if kind in (LIST, SET):
        size, each, position = _list_head(data, position)
        for _ in range(size):
            position = position + 1 if each in BOOLEANS else _behind(data, position, each)
        return position
    if kind in SIZES:
        return position + SIZES[kind]
    raise ValueError(kind)


def _list_head(data: bytes, position: int) -> tuple[int, int, int]:
    """The size of a list, the type of its elements, and where they begin."""
    head = data[position]
    size, position = _number(data, position + 1) if head >> 4 == 15 else (head >> 4, position + 1)
    return size, head & 15, position


def _number(data: bytes, position: int) -> tuple[int, int]:
    """A number as it is written, seven bits a byte, and where it ends."""
    number = shift = 0
    while (byte := data[position]) > 127:
        number |= (byte & 127) << shift
        shift += 7
        position += 1
    return number | byte << shift, position + 1
