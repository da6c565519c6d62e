"""The command line for users and on-call engineers."""
