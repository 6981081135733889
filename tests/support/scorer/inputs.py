"""Inputs of three orders, to be scored in memory."""

import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from support.scorer.in_process import Result

HEAD = b"seller_zip_code_prefix,customer_lat,customer_lng\n"
ROWS = b"9350,-23.577,-46.587\n1001,-22.9,-43.2\n88010,-27.6,-48.5\n"
Score = Callable[..., Result]


def written(**columns: Any) -> bytes:
    """Three orders in Parquet; a column that is None is left out."""
    table: dict[str, Any] = {
        "seller_zip_code_prefix": [9350, 1001, 88010],
        "customer_lat": [-23.577, -22.9, -27.6],
        "customer_lng": [-46.587, -43.2, -48.5],
    }
    sink = io.BytesIO()
    pq.write_table(pa.table({name: column for name, column in (table | columns).items() if column is not None}), sink)
    return sink.getvalue()
