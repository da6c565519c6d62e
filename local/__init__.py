"""The twin: the whole platform on one machine, on an embedded emulator, without Docker or an account."""
