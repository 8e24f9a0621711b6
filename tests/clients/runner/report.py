"""What the results look like: a table for each server."""


def show(result, clients, promises):
    """Prints the table of one server, and what each failure said."""
    width = max(len(promise.name) for promise in promises)
    print(f"\n{result.version:{width}}" + "".join(f"{client.name:>15}" for client in clients))
    for promise in promises:
        cells = (cell(result.outcomes[client.name][promise.name]) for client in clients)
        print(f"{promise.name:{width}}" + "".join(f"{text:>15}" for text in cells))
    for client in clients:
        for name, outcome in result.outcomes[client.name].items():
            if outcome.state == "FAILED":
                print(f"\n--- {client.name}, {name} on {result.version}\n{outcome.text.rstrip()}")


def cell(outcome):
    return "-" if outcome.state == "-" else f"{outcome.state} {outcome.seconds:6.2f} s"


def totals(results):
    """How many promises were kept and broken, over all clients and servers."""
    states = [o.state for result in results for outcomes in result.outcomes.values() for o in outcomes.values()]
    return states.count("ok"), states.count("FAILED")
