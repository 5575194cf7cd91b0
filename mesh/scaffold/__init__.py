"""A new domain: a folder with every file of a domain, complete and right, for its team to make its own."""
