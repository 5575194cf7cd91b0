"""The retail data mesh: the kernel, the local platform and the command line."""
