"""The draft of a shop file: its values, as text, and what is left for a person to fill in."""

import json
from dataclasses import dataclass, field
from typing import Any

from common.orders.names import FIELDS, field_of
from common.orders.shop.source import OLIST


@dataclass
class Draft:
    """A shop file's values; `remarks` stand as comments beside their keys, `open` names what is to be filled in."""

    name: str
    country: str | None
    time_zone: str | None
    orders: dict[str, Any] = field(default_factory=dict)
    columns: dict[str, str] = field(default_factory=dict)
    formats: dict[str, str] = field(default_factory=dict)
    status: dict[str, Any] = field(default_factory=dict)
    facts: dict[str, list[str]] = field(default_factory=dict)
    remarks: dict[str, str] = field(default_factory=dict)

    @property
    def is_joined(self) -> bool:
        """Whether the source gives an order's fields by itself, as Olist's nine files do."""
        return str(self.orders["source"]).startswith(OLIST)

    @property
    def open(self) -> tuple[str, ...]:
        """What a person must say before the file can be used."""
        wanted = {"country": self.country, "time_zone": self.time_zone}
        lines = [name for name, value in wanted.items() if value is None]
        return (
            *lines,
            *self._unnamed,
            *(f"formats.{name}" for name, form in self.formats.items() if not form),
        )

    @property
    def _unnamed(self) -> list[str]:
        """The moments that every source must give, and of which no column looks like it."""
        given = {field_of(name) for name in self.columns}
        needed = (
            ["purchase_timestamp"] if "deliveries" in self.orders else ["purchase_timestamp", "delivered_timestamp"]
        )
        return [] if self.is_joined else [name for name in needed if name not in given]

    def values(self) -> dict[str, Any]:
        """As the file's reader has them, without what is open."""
        formats = {name: form for name, form in self.formats.items() if form}
        orders = {**self.orders, "columns": self.columns, "formats": formats}
        if self.status:
            orders["status"] = self.status
        return {
            "name": self.name,
            "country": self.country,
            "time_zone": self.time_zone,
            "orders": orders,
            "facts": self.facts,
        }

    def text(self) -> str:
        """The file."""
        lines = [
            "# Drafted by `trainer inspect`: read it through, then `trainer inspect shop.toml` checks it.",
            self._line("name", self.name),
            self._line("country", self.country, '"DE"   # to fill in: the ISO code of the country the shop is in'),
            self._line(
                "time_zone", self.time_zone, '"Europe/Berlin"   # to fill in: the clock of moments without a zone'
            ),
            "",
            "[orders]",
            *(self._line(key, value) for key, value in self.orders.items()),
        ]
        lines += [] if self.is_joined else self._column_lines()
        if self.formats:
            lines += ["", "[orders.formats]", *(self._format(name, form) for name, form in self.formats.items())]
        if self.status:
            lines += ["", "[orders.status]", *(self._line(key, value) for key, value in self.status.items())]
        if any(self.facts.values()):
            lines += ["", "[facts]                              # what is known at the purchase and may help"]
            lines += [self._line(kind, columns) for kind, columns in self.facts.items() if columns]
        return "\n".join(lines) + "\n"

    def _column_lines(self) -> list[str]:
        named = sorted(self.columns.items(), key=lambda pair: FIELDS.index(field_of(pair[0])))
        return [
            "",
            "[orders.columns]                     # ours = theirs; a column with our name needs no line",
            *(self._line(name, column) for name, column in named if name != column),
            *(f'# {name} = "…"   # to fill in: no column looks like it' for name in self._unnamed),
        ]

    def _line(self, key: str, value: Any, example: str = "") -> str:
        if value is None:
            return f"# {key} = {example}"
        remark = f"   # {self.remarks[key]}" if key in self.remarks else ""
        return f"{key} = {json.dumps(value, ensure_ascii=False)}{remark}"

    def _format(self, name: str, form: str) -> str:
        return f"{name} = {json.dumps(form)}" if form else f'# {name} = "%d/%m/%Y"   # to fill in: {self.remarks[name]}'
