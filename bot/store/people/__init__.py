"""The tables of people's Slack accounts, of covers, and of everything that names a person."""
