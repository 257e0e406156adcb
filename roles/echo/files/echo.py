# Managed by hawser: role echo. A gRPC service that says back what it hears, and who it is: something to send through a mesh.
# Generic handlers and messages written by hand, so that nothing but grpcio is needed: strings as fields 1, 2 and 3.
#
#   service hawser.echo.v1.Echo { rpc Echo (Said) returns (Heard); rpc Stream (Said) returns (stream Heard); }
#   message Said  { string text = 1; uint32 delay_ms = 2; }
#   message Heard { string text = 1; string host = 2; string region = 3; }
import signal
import sys
import threading
import time
from concurrent import futures

import grpc

HOST, REGION, LISTEN, THREADS = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
SERVING, NOT_SERVING = 1, 2
leaving = threading.Event()


def varint(number):
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 0x80:
            return number, at


def fields(data):
    """Fields of a message by their numbers; only numbers and texts are understood."""
    found, at = {}, 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            value, at = data[at : at + value], at + value
        elif tag & 7 != 0:
            raise ValueError("unknown wire type %d" % (tag & 7))
        found[tag >> 3] = value
    return found


def text(number, value):
    return varint(number << 3 | 2) + varint(len(value)) + value


def heard(said):
    asked = fields(said)
    time.sleep(asked.get(2, 0) / 1000)
    return text(1, asked.get(1, b"")) + text(2, HOST.encode()) + text(3, REGION.encode())


def echo(said, context):
    try:
        return heard(said)
    except (ValueError, IndexError) as error:
        context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))


def stream(said, context):
    while context.is_active() and not leaving.is_set():
        yield echo(said, context)


def health():
    return b"\x08" + bytes([NOT_SERVING if leaving.is_set() else SERVING])


def known(asked, context):
    if fields(asked).get(1, b"") not in (b"", b"hawser.echo.v1.Echo"):
        context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")


def check(asked, context):
    known(asked, context)
    return health()


def watch(asked, context):
    known(asked, context)
    yield health()
    leaving.wait()
    yield health()


def serve():
    server = grpc.server(futures.ThreadPoolExecutor(THREADS), options=[("grpc.so_reuseport", 0)])
    server.add_generic_rpc_handlers(
        (
            grpc.method_handlers_generic_handler("hawser.echo.v1.Echo", {"Echo": grpc.unary_unary_rpc_method_handler(echo), "Stream": grpc.unary_stream_rpc_method_handler(stream)}),
            grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": grpc.unary_unary_rpc_method_handler(check), "Watch": grpc.unary_stream_rpc_method_handler(watch)}),
        )
    )
    if server.add_insecure_port(LISTEN) == 0:
        sys.exit("cannot listen on " + LISTEN)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: leaving.set())
    server.start()
    leaving.wait()
    # What is under way is answered.
    server.stop(10).wait()


serve()
