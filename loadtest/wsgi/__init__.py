"""Which WSGI server the producer runs on: the comparison behind docs/adr/0003-wsgi-server.md."""
