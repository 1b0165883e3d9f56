"""The tables of incidents and their deadlines."""
