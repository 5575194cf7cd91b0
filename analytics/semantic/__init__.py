"""The semantic model: what each domain's ``semantics.yaml`` defines, and questions compiled to SQL."""
