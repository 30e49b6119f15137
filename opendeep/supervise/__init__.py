"""`make run`: all processes on one machine under one supervisor (supervisord), with clear words at every step."""
