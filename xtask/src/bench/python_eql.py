"""Runs the queries that Python's eql can run over ECS documents, and says how long that took.

Arguments: rules as Kibana's NDJSON, documents as NDJSON. What cannot be parsed, is not about one event, or fails on an
event is left out. Parsing queries and JSON does not count, so that the engine alone is measured.
"""

import json
import sys
import time

import eql


def compiled(query):
    engine = eql.PythonEngine()
    engine.add_query(query)
    return engine


def runs(query, events):
    try:
        engine = compiled(query)
        for event in events:
            engine.stream_event(event)
    except Exception:
        return False
    return True


def event(document):
    categories = document.get("event", {}).get("category") or ["generic"]
    # An event of Python's eql has one type only.
    first = categories if isinstance(categories, str) else categories[0]
    return eql.Event(first, 0, document)


def main(rules, documents):
    with open(documents, encoding="utf-8") as lines:
        events = [event(json.loads(line)) for line in lines]
    queries = []
    with open(rules, encoding="utf-8") as lines:
        for line in lines:
            rule = json.loads(line)
            if "query" not in rule:
                continue
            try:
                with eql.parser.elasticsearch_syntax, eql.parser.ignore_missing_functions:
                    query = eql.parse_query(rule["query"])
            except eql.EqlError:
                continue
            if isinstance(query.first, eql.ast.EventQuery) and runs(query, events):
                queries.append((rule["rule_id"], query))
    engine = eql.PythonEngine()
    for _, query in queries:
        engine.add_query(query)
    begin = time.process_time()
    for one in events:
        engine.stream_event(one)
    seconds = time.process_time() - begin
    rule_ids = [rule_id for rule_id, _ in queries]
    print(json.dumps({"rule_ids": rule_ids, "events": len(events), "seconds": seconds}))


main(*sys.argv[1:])
