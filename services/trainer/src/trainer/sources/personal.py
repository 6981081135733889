"""Columns that look personal: by their names, or by what stands in them. They are never kept."""

import re
from unicodedata import normalize

import polars as pl

LOOKS_SO = 0.2
"""Share of a column's values that must look personal."""

_NAMES = re.compile(
    r"(?:^|_)(?:e_?mail(?:_address)?|(?:phone|telephone|mobile|fax|whatsapp)(?:_(?:number|no|nr))?|cpf|cnpj|ssn|passport|iban|tax_id|birth\w*|age|gender|ip|"
    r"ip_address|contact|street|address|address_line\d?|address_?\d|house_number|latitude_home|password|"
    r"(?:first|last|full|given|family|middle|user|customer|buyer|billing|shipping|recipient|receiver|consignee|driver|"
    r"contact|ship_to|bill_to|delivery)_?name|surname|notes?|comments?|comment_\w+)(?:$|_\d)"
)
_VALUES = {
    "e-mail addresses": r"^[^@\s]+@[^@\s]+\.[A-Za-z]{2,}$",
    "phone numbers": r"^(?:\+|00)\d[\d\s()./-]{7,17}$|^\(\d{2,4}\)\s?\d[\d\s-]{5,}$",
}


def snake(column: str) -> str:
    """A column's name in lower case with underscores: `Shipping Name`, `shippingName` and `shipping-name` are one, and
    so are `Código` and `codigo`."""
    plain = normalize("NFKD", column).encode("ascii", "ignore").decode()
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", plain.strip())
    return re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")


def is_personal_name(column: str) -> bool:
    """Whether the name says that people stand in the column."""
    return _NAMES.search(snake(column)) is not None


def personal(column: str, texts: pl.Series) -> str | None:
    """Why a column looks personal, or None."""
    if is_personal_name(column):
        return "by its name"
    values = texts.drop_nulls()
    for what, pattern in _VALUES.items():
        if len(values) and values.str.contains(pattern).sum() >= LOOKS_SO * len(values):
            return f"it holds {what}"
    return None
