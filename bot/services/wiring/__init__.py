"""Composition of all services: each property names a service and builds it from its collaborators on first use."""
