"""How every service is put together, each when it is first asked for: a name, and its collaborators."""
