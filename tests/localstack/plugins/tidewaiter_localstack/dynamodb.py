"""DynamoDB as moto has it, in the same process: the server LocalStack would download needs Java.

moto is not safe to be used from several threads, so one request is answered at a time. Beware that it
is more lenient than AWS: it takes attribute values that no expression uses, and keeps no record of
client request tokens.
"""

import copy
import threading
import types
from collections import defaultdict

from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import dispatch_to_moto
from localstack.services.plugins import Service, aws_provider

ONE_AT_A_TIME = threading.RLock()


def quick_transactions():
    """moto copies the whole table for each write of a transaction, to be able to go back: a hundred times,
    item by item. One copy of what refers to the items does, and of those that are changed in place."""
    from moto.dynamodb import models
    from moto.dynamodb.models.dynamo_type import DynamoType
    from moto.dynamodb.models.table import Table

    transact = models.DynamoDBBackend.transact_write_items
    updates, snapshots = [], {}

    def transact_write_items(self, transact_items):
        updates[:] = [write["Update"] for write in transact_items if "Update" in write]
        snapshots.clear()
        return transact(self, transact_items)

    def deepcopy(thing):
        if not isinstance(thing, Table) or not thing.has_range_key:
            return copy.deepcopy(thing)
        if thing.name not in snapshots:
            snapshots[thing.name] = snapshot(thing)
        return snapshots[thing.name]

    def snapshot(table):
        earlier = copy.copy(table)
        earlier.items = defaultdict(dict, {at: dict(items) for at, items in table.items.items()})
        for update in updates:
            if update["TableName"] == table.name:
                key = update["Key"]
                items = earlier.items.get(DynamoType(key[table.hash_key_attr]), {})
                at = DynamoType(key[table.range_key_attr])
                if at in items:
                    items[at] = copy.deepcopy(items[at])
        return earlier

    models.DynamoDBBackend.transact_write_items = transact_write_items
    models.copy = types.SimpleNamespace(copy=copy.copy, deepcopy=deepcopy)


def answer(context, _request):
    with ONE_AT_A_TIME:
        return dispatch_to_moto(context)


def service(name: str) -> Service:
    model = load_service(name)
    operations = {operation: answer for operation in model.operation_names}
    return Service(name=name, skeleton=Skeleton(model, operations))


@aws_provider(api="dynamodb", name="moto")
def dynamodb():
    quick_transactions()
    return service("dynamodb")


@aws_provider(api="dynamodbstreams", name="moto")
def dynamodbstreams():
    return service("dynamodbstreams")
