"""Invoices: written, mailed and booked by Shoal."""
