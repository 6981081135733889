"""Records with too many or too few fields, or a quote too few, made to fit the table without losing a character."""

from scorer.csv.records import open_quote

QUOTE = ord('"')

NEVER_CLOSED = 'the row opens a quote (") that is never closed'


def wrong_width(record: bytes, fields: int, width: int) -> str:
    """Why such a record cannot be scored."""
    reason = f"the row has {fields} columns where the header has {width}"
    if b'\\"' in record:
        reason += ': a quote inside a field is escaped by a backslash (\\"), where CSV doubles it ("")'
    return reason


def to_width(record: bytes, width: int, delimiter: str = ",") -> bytes:
    """The record with `width` fields: empty ones are added, or all that is too much stays in the last one, as it is."""
    comma = delimiter.encode()
    starts = _starts(record, ord(delimiter))
    if len(starts) <= width:
        return record + comma * (width - len(starts))
    ends = [start - 1 for start in starts[1:]]
    kept = [_unambiguous(record[start:end]) for start, end in zip(starts[: width - 1], ends, strict=False)]
    return comma.join([*kept, _quoted(record[starts[width - 1] :])])


def closed(text: bytes, delimiter: str) -> tuple[bytes, bytes]:
    """A record that opens a quote which is never closed, cut at that line's end and quoted anew; the text after it."""
    opens = open_quote(text, delimiter)
    end = text.find(b"\n", opens) + 1 or len(text)
    line = text[opens:end]
    field = line.rstrip(b"\r\n")
    return text[:opens] + _quoted(field) + line[len(field) :], text[end:]


def _starts(record: bytes, delimiter: int) -> list[int]:
    """Where the fields begin, as Python's reader sees them: a quote opens a field only at its start."""
    starts, inside, position = [0], False, 0
    while position < len(record):
        byte = record[position]
        if inside:
            if byte == QUOTE:
                if record[position + 1 : position + 2] == b'"':
                    position += 1
                else:
                    inside = False
        elif byte == QUOTE and position == starts[-1]:
            inside = True
        elif byte == delimiter:
            starts.append(position + 1)
        position += 1
    return starts


def _unambiguous(field: bytes) -> bytes:
    """A field on which every reader agrees; one with stray quotes becomes a text that holds them."""
    if b'"' not in field:
        return field
    inner = field[1:-1]
    whole = len(field) > 1 and field.startswith(b'"') and field.endswith(b'"')
    return field if whole and b'"' not in inner.replace(b'""', b"") else _quoted(field)


def _quoted(field: bytes) -> bytes:
    return b'"' + field.replace(b'"', b'""') + b'"'
