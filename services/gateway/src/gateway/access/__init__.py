"""Who may use which route, and how much of it."""
