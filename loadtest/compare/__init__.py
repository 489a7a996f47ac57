"""The executors in Python, Go and C++ beside each other: `python -m loadtest.compare`.

`contestants` are the programs, `ends` the producer's and the gateway's side of their sockets,
`measure` one turn of one of them, `page` writes docs/compare.md and its picture. They take turns
within one run, so what the machine does meanwhile, it does to all.
"""
