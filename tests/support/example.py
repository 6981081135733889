"""The order that tests predict: the one of the documentation, from São Paulo's hinterland into the city."""

ORDER = {"seller_zip_code_prefix": 9350, "customer_lat": -23.577, "customer_lng": -46.587}
CSV = b"seller_zip_code_prefix,customer_lat,customer_lng\n9350,-23.577,-46.587\n"
