"""FATE-Serving's ModelService as the tests need it: a real gRPC server that
remembers what it was told and answers as it is bidden. Its messages are built
here, from the numbers of the service."""
import concurrent.futures

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PACKAGE = "com.webank.ai.fate.api.mlmodel.manager"
DOUBLE, INT32, BOOL, STRING, MESSAGE, BYTES = 1, 5, 8, 9, 11, 12
OPTIONAL, REPEATED = 1, 3

# message: [(name, number, type)]; a map is ("map", its value's type)
MESSAGES = {
    "LocalInfo": [("role", 1, STRING), ("partyId", 2, STRING)],
    "Party": [("partyId", 1, [STRING])],
    "ModelInfo": [("tableName", 1, STRING), ("namespace", 2, STRING)],
    "RoleModelInfo": [("roleModelInfo", 1, ("map", "ModelInfo"))],
    "PublishRequest": [
        ("local", 1, "LocalInfo"), ("role", 2, ("map", "Party")),
        ("model", 3, ("map", "RoleModelInfo")), ("serviceId", 4, STRING),
        ("tableName", 5, STRING), ("namespace", 6, STRING),
        ("loadType", 7, STRING), ("filePath", 8, STRING)],
    "PublishResponse": [("statusCode", 1, INT32), ("message", 2, STRING),
                        ("error", 3, STRING), ("data", 4, BYTES)],
}


# Of the buffers that FATE-Serving fetches.
MODEL_PACKAGE = "com.webank.ai.fate.core.mlmodel.buffer"
MODEL_MESSAGES = {
    "Pipeline": [
        ("inference_dsl", 1, BYTES), ("train_dsl", 2, BYTES),
        ("train_runtime_conf", 3, BYTES), ("fate_version", 4, STRING),
        ("model_id", 5, STRING), ("model_version", 6, STRING)],
    "LRModelParam": [
        ("iters", 1, INT32), ("loss_history", 2, [DOUBLE]),
        ("is_converged", 3, BOOL), ("weight", 4, ("map", DOUBLE)),
        ("intercept", 5, DOUBLE), ("header", 6, [STRING])],
}


def camel(name):
    return name[0].upper() + name[1:] + "Entry"


def add_field(message, name, number, kind, package):
    field = message.field.add(name=name, number=number, label=OPTIONAL,
                              json_name=name)
    if isinstance(kind, list):
        field.label, kind = REPEATED, kind[0]
    if isinstance(kind, tuple):
        entry = message.nested_type.add(name=camel(name))
        entry.options.map_entry = True
        add_field(entry, "key", 1, STRING, package)
        add_field(entry, "value", 2, kind[1], package)
        field.label = REPEATED
        kind = f"{message.name}.{entry.name}"
    if isinstance(kind, str):
        field.type, field.type_name = MESSAGE, f".{package}.{kind}"
    else:
        field.type = kind


def classes(package, messages):
    """{name: class} of the messages."""
    file = descriptor_pb2.FileDescriptorProto(
        name="own.proto", package=package, syntax="proto3")
    for name, fields in messages.items():
        message = file.message_type.add(name=name)
        for field in fields:
            add_field(message, *field, package)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    make = getattr(message_factory, "GetMessageClass", None) or \
        message_factory.MessageFactory(pool).GetPrototype
    return {name: make(pool.FindMessageTypeByName(f"{package}.{name}"))
            for name in messages}


CLASSES = classes(PACKAGE, MESSAGES)
BUFFERS = classes(MODEL_PACKAGE, MODEL_MESSAGES)


class Serving:
    """One server on a free port. `answer` is what it says, or a gRPC status
    to fail with; `on_call` is called with each request before it answers."""

    def __init__(self):
        self.calls = []
        self.answer = {"statusCode": 0, "message": "success"}
        self.on_call = None
        self.server = grpc.server(
            concurrent.futures.ThreadPoolExecutor(max_workers=4))
        handlers = {
            method: grpc.unary_unary_rpc_method_handler(
                lambda request, context, method=method:
                self.called(method, request, context),
                request_deserializer=CLASSES["PublishRequest"].FromString,
                response_serializer=lambda m: m.SerializeToString())
            for method in ("publishLoad", "publishBind")}
        self.server.add_generic_rpc_handlers([
            grpc.method_handlers_generic_handler(f"{PACKAGE}.ModelService",
                                                 handlers)])
        self.port = self.server.add_insecure_port("127.0.0.1:0")
        self.address = f"127.0.0.1:{self.port}"
        self.server.start()

    def called(self, method, request, context):
        self.calls.append((method, request))
        if self.on_call:
            self.on_call(request)
        if isinstance(self.answer, tuple):
            context.abort(*self.answer)
        return CLASSES["PublishResponse"](**self.answer)

    def reset(self, **answer):
        self.calls.clear()
        self.on_call = None
        self.answer = answer or {"statusCode": 0, "message": "success"}

    def stop(self):
        self.server.stop(None)
