"""The general table: one row per order, the contract's names, moments in UTC."""
