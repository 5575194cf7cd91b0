"""Everything about the mesh that can be proven without running it: one module a kind of check."""
