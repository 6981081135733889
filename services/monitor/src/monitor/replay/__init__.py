"""Past orders, played through the gateway."""
