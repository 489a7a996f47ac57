"""Does a program keep the executor's contract? Asked over its real sockets, in any language.

`consumer/README.md` is the contract. The suite plays the producer and the gateways around one
executor that it starts as a command: `ends` are their sockets, `subject` is the program, `bench`
holds both together, `cases` say what must happen, `runner` runs them side by side. Nothing here
knows how an executor is made. It ships with the package, vectors included, so that it can be used
on an executor that is not ours: `alertwire conformance ./my-executor`.
"""
