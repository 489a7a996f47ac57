"""The only process that talks to the broker: commands in, orders out, reports on every change.

It may import the kernel `alertwire` and nothing of the other processes. A command's way:

    commands → floor → desk → dealer → scales, guard → approval → outbox → ledger → broker
    broker → floor → desk → book, positions → settlement → reports, commands

The files lie in layers, from the edges inwards; none imports one above it, to which import-linter
holds them (all of them stand in pyproject.toml):

- `floor` runs one turn: drain what came in, step the desk, commit once, then send.
- The edges do the I/O. `broker` is the only importer of ib_insync; `ledger` the only one that knows
  SQL; `commands`, `control` and `reports` own the ZeroMQ sockets.
- `desk` decides: state + event + time → effects. From it on nothing knows a socket, disk or clock.
- `clerk`, `closeout`, `flattens`, `link`: what people, alerts over a whole scope and the broker's
  lists ask for.
- `dealer` and what it is made of: a command from taken to its orders, and how it ends; `recovery`
  is the way of what the broker never saw.
- `protection`, `restoration`, `clearance`, `leftovers`, `cancels`, `sweep`: what is kept up beside
  a trade, and what makes way for it.
- `guard`: whether a halt, a limit or the trading mode forbids it. `scales`: how much.
- `register`, `book`, `holdings`, `positions`, `directory`, `rules`: what is known.
- Rules and values without state: `contracts`, `families`, `levels`, `limits`, `amounts`, `sizing`,
  `tickets`, `prices`, `terms`, `orders`, `errors`, `pacer`, and `records`, `events`, `messages`
  that travel between all of them.
"""
