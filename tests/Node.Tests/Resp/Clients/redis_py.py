"""Debian's python3-redis, as it comes, against a node: python3 redis_py.py HOST PORT [TOKEN]. Exit code 0 and "ok" where all is as on a Redis server."""
import sys

import redis


def key(name):
    return "redis-py:" + name


def fails(call, words):
    try:
        call()
    except redis.ResponseError as error:
        assert words in str(error), str(error)
    else:
        raise AssertionError("no error with '" + words + "'")


def main(host, port, token=None):
    client = redis.Redis(host=host, port=int(port), password=token, client_name="redis-py", socket_timeout=20)
    assert client.ping()
    assert client.echo(b"a\r\nb\0") == b"a\r\nb\0"
    client.delete(key("a"), key("b"), key("n"))
    assert client.get(key("a")) is None
    assert client.set(key("a"), "hello")
    assert client.get(key("a")) == b"hello"
    assert client.type(key("a")) == b"string"
    assert client.incr(key("n")) == 1
    assert client.incrby(key("n"), 41) == 42
    assert client.decr(key("n"), 41) == 1
    fails(lambda: client.incr(key("a")), "not an integer or out of range")
    fails(lambda: client.set(key("a"), "x", nx=True), "SET takes a key and a value here")
    assert client.mset({key("a"): "1", key("b"): "two"})
    assert client.mget(key("a"), key("b"), key("none")) == [b"1", b"two", None]
    assert client.exists(key("a"), key("b"), key("none")) == 2

    # A pipeline goes out at once; each command counts once and is answered in its turn.
    with client.pipeline(transaction=False) as pipe:
        for _ in range(500):
            pipe.incr(key("n"))
        pipe.get(key("n"))
        answers = pipe.execute()
    assert answers == list(range(2, 502)) + [b"501"], answers[:5]

    value = bytes(i % 256 for i in range(65536))
    assert client.set(key("b"), value)
    assert client.get(key("b")) == value
    fails(lambda: client.set(key("b"), value + b"x"), "more than 65536 bytes")
    assert client.ping()
    assert sorted(client.scan_iter(match=key("*"), count=100)) == sorted(name.encode() for name in map(key, ("a", "b", "n")))
    assert client.dbsize() >= 3
    assert client.info("replication")["role"] in ("master", "slave")
    assert client.config_get("save") == {"save": ""}
    assert client.time()[0] > 0
    assert client.execute_command("RS.CONSISTENCY", "EVENTUAL") == b"OK"
    assert client.delete(key("a"), key("b"), key("n")) == 3
    print("ok")


main(*sys.argv[1:])
