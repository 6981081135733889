"""The shop file (`shop.toml`): which columns of which source hold a shop's orders, and how to read them."""
