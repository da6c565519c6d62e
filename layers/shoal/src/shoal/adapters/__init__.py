"""Ports filled: by AWS, and by memory for tests. Clients come in; nothing here makes one."""
