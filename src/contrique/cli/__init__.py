"""The command line: one command a file, words and flags only."""
