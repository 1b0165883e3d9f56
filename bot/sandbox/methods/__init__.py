"""The Web API's methods: one module per family, each with a table `METHODS`."""
