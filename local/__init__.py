"""The twin: the whole platform on one machine, on an emulator, without Docker or an account."""
