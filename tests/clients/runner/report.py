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


def page(results, clients, promises):
    """The results as a page of the documentation, the same whenever and wherever they are seen again."""
    versions = [result.version for result in results]
    lines = [
        "# Clients",
        "",
        "Which client keeps which promise through facebolt, in front of Neo4j " + " and ".join(versions) + ".",
        "`make test-clients` tries each again and writes this page.",
        "",
        "| client | version |",
        "|---|---|",
        *(f"| {client.title} (`{client.name}`) | {client.version} |" for client in clients),
    ]
    reasons = []
    for result in results:
        lines += ["", f"## Neo4j {result.version}", ""]
        lines += ["| promise |" + "".join(f" {client.name} |" for client in clients), "|---" * (len(clients) + 1) + "|"]
        for promise in promises:
            outcomes = [result.outcomes[client.name][promise.name] for client in clients]
            lines.append(f"| {promise.text} |" + "".join(f" {_mark(outcome, reasons)} |" for outcome in outcomes))
    if reasons:
        lines += ["", "## What a client cannot do", ""]
        lines += [f"{number}. {reason}" for number, reason in enumerate(reasons, 1)]
    return "\n".join(lines) + "\n"


def _mark(outcome, reasons):
    """`ok`, `fails`, or a dash with the number of its reason."""
    if outcome.state != "-":
        return {"ok": "ok", "FAILED": "**fails**"}[outcome.state]
    reason = outcome.text.strip()
    if reason not in reasons:
        reasons.append(reason)
    return f"- ({reasons.index(reason) + 1})"
