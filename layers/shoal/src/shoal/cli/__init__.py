"""The command line of users; needs the extra `cli`. Data goes to stdout, words go to stderr."""
