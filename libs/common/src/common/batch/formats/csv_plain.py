"""CSV files as they are."""

from common.batch.formats.csv_text import CsvFormat

CSV = CsvFormat("csv", ".csv", result=".csv", reading="spans")
