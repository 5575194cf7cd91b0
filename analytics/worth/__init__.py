"""What each customer will spend: by a model where customers come back often enough, by a proxy elsewhere."""
