"""Olist's nine files: downloaded, read, checked, joined."""
