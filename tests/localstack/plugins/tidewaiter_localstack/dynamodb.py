"""DynamoDB as moto has it, in the same process: the server LocalStack would download needs Java.

moto is not safe to be used from several threads, so one request is answered at a time. Beware that it
is more lenient than AWS: it takes attribute values that no expression uses, and keeps no record of
client request tokens.
"""

import threading

from localstack.aws.skeleton import Skeleton
from localstack.aws.spec import load_service
from localstack.services.moto import dispatch_to_moto
from localstack.services.plugins import Service, aws_provider

ONE_AT_A_TIME = threading.RLock()


def answer(context, _request):
    with ONE_AT_A_TIME:
        return dispatch_to_moto(context)


def service(name: str) -> Service:
    model = load_service(name)
    operations = {operation: answer for operation in model.operation_names}
    return Service(name=name, skeleton=Skeleton(model, operations))


@aws_provider(api="dynamodb", name="moto")
def dynamodb():
    return service("dynamodb")


@aws_provider(api="dynamodbstreams", name="moto")
def dynamodbstreams():
    return service("dynamodbstreams")
