"""Writes, mails and books invoices with Shoal."""
