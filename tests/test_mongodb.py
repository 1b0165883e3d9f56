"""What the tests rely on in the server that stands in for MongoDB."""

from typing import Any

from pymongo import MongoClient


def test_the_test_server_stores_documents_and_indexes(mongodb: str) -> None:
    with MongoClient[dict[str, Any]](f"{mongodb}kept", serverSelectionTimeoutMS=5000) as client:
        orders = client.kept.orders
        orders.insert_many([{"_id": number, "note": f"größe {number}"} for number in range(1000)])
        orders.create_index("note")

        assert orders.count_documents({}) == 1000
        assert orders.find_one({"_id": 7}) == {"_id": 7, "note": "größe 7"}
        assert [index["name"] for index in orders.list_indexes()] == ["_id_", "note_1"]
        client.drop_database("kept")
