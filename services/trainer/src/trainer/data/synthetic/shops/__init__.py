"""Made-up shops of other kinds than Olist's: each a table of orders, a shop file, and what else the file names."""
