"""How kinds of files are planned and scored. The names are those of common.batch.formats.format.Reading."""
