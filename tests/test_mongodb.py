"""The server that stands for MongoDB in the tests: what these rely on."""

from pymongo import AsyncMongoClient


async def test_the_server_of_the_tests_keeps_documents_and_indexes(mongodb: str) -> None:
    async with AsyncMongoClient(f"{mongodb}kept", serverSelectionTimeoutMS=5000) as client:
        orders = client.kept.orders
        await orders.insert_many([{"_id": number, "note": f"größe {number}"} for number in range(1000)])
        await orders.create_index("note")

        assert await orders.count_documents({}) == 1000
        assert (await orders.find_one({"_id": 7})) == {"_id": 7, "note": "größe 7"}
        assert [index["name"] async for index in await orders.list_indexes()] == ["_id_", "note_1"]
        await client.drop_database("kept")
