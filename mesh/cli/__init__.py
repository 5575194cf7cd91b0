"""The command line: one file a verb, each with a function ``command``; the file's name is the verb."""
