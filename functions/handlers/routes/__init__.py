"""Routes of the users' API, one module per kind of resource."""
