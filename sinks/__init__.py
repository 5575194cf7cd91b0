"""Landing: every public topic into the warehouse, exactly once as a reader sees it."""
