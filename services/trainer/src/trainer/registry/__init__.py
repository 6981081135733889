"""Registered versions, and which of them is champion."""
