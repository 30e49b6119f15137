"""Django's SQLite with shorter waits; DATABASES names it."""
