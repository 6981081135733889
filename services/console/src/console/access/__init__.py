"""Who looks: the log-in, its sessions, and what guards every request."""
