"""Stands for MongoDB's mongodump where a machine has none: the same arguments, the same words, the same archive.

It reads a real server through pymongo. What it cannot prove is that the real one agrees; where that is on the PATH, the
same tests run with it.
"""

import gzip
import json
import sys
from pathlib import Path

import bson
from pymongo import MongoClient
from pymongo.errors import PyMongoError

MAGIC, END = bytes.fromhex("6de29981"), b"\xff\xff\xff\xff"
NOW = "2026-08-06T14:00:00.000+0000"
BATCH = 1000


def say(words: str) -> None:
    sys.stderr.write(f"{NOW}\t{words}\n")
    sys.stderr.flush()


def dump(address: str) -> None:
    client: MongoClient = MongoClient(address)
    default = client.get_default_database(default="")
    names = [default.name] if default.name else [one for one in client.list_database_names() if one != "config"]
    found = [(name, one) for name in names for one in sorted(client[name].list_collection_names())]
    with gzip.GzipFile(fileobj=sys.stdout.buffer, mode="wb", mtime=0) as out:
        about = {"concurrent_collections": 4, "version": "0.1", "server_version": "7.0.42", "tool_version": "100.10.0"}
        out.write(MAGIC + bson.encode(about))
        for name, collection in found:
            indexes = [dict(one) for one in client[name][collection].list_indexes()]
            metadata = json.dumps({"indexes": indexes, "collectionName": collection}, default=str)
            out.write(
                bson.encode(
                    {"db": name, "collection": collection, "metadata": metadata, "size": 0, "type": "collection"}
                )
            )
        out.write(END)
        for name, collection in found:
            say(f"writing {name}.{collection} to archive on stdout")
            header = {"db": name, "collection": collection, "EOF": False, "CRC": bson.Int64(0)}
            number = 0
            for document in client[name][collection].find():
                if number % BATCH == 0:
                    out.write((END if number else b"") + bson.encode(header))
                out.write(bson.encode(document))
                number += 1
            out.write((END if number else b"") + bson.encode(header | {"EOF": True}) + END)
            say(f"done dumping {name}.{collection} ({number} document{'' if number == 1 else 's'})")


def main() -> int:
    if "--version" in sys.argv:
        sys.stdout.write("mongodump version: 100.10.0\ngit version: \nGo version: go1.22\n   os: linux\n")
        return 0
    if sys.argv[1:] != ["--config=/dev/stdin", "--archive", "--gzip"]:
        say(f"error parsing command line options: unknown option {sys.argv[1:]}")
        return 1
    address = json.loads(Path("/dev/stdin").read_text())["uri"]
    try:
        dump(address)
    except PyMongoError as error:
        say(f"Failed: can't create session: failed to connect to {address}: {error}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
