"""How every service is built, part by part: a name, and what is put together for it when it is first asked for."""
