// The npm package "redis", as it comes, against a node: node node-redis.cjs HOST PORT [TOKEN]. Exit code 0 and "ok" where all is as on a Redis server.
const assert = require('node:assert/strict');
const { createClient, RESP_TYPES } = require('redis');

const [host, port, token] = process.argv.slice(2);

async function use(version) {
  const client = createClient({
    RESP: version,
    socket: { host, port: Number(port), reconnectStrategy: false },
    ...(token ? { username: 'default', password: token } : {}),
    name: `node-redis-${version}`,
  });
  client.on('error', error => { console.error(error.message); process.exitCode = 1; });
  await client.connect();
  const key = name => `node-redis:${version}:${name}`;
  try {
    assert.equal(await client.ping(), 'PONG');
    assert.equal(await client.echo('a\r\nb'), 'a\r\nb');
    assert.equal(await client.clientGetName(), `node-redis-${version}`);
    await client.del([key('a'), key('b'), key('n')]);
    assert.equal(await client.get(key('a')), null);
    assert.equal(await client.set(key('a'), 'hello'), 'OK');
    assert.equal(await client.get(key('a')), 'hello');
    assert.equal(await client.type(key('a')), 'string');
    assert.equal(await client.incr(key('n')), 1);
    assert.equal(await client.incrBy(key('n'), 41), 42);
    assert.equal(await client.decr(key('n')), 41);
    assert.equal(await client.decrBy(key('n'), 40), 1);
    await assert.rejects(client.incr(key('a')), /not an integer or out of range/);
    await assert.rejects(client.set(key('a'), 'x', { EX: 10 }), /SET takes a key and a value here/);
    await client.mSet({ [key('a')]: '1', [key('b')]: 'two' });
    assert.deepEqual(await client.mGet([key('a'), key('b'), key('none')]), ['1', 'two', null]);
    assert.equal(await client.exists([key('a'), key('b'), key('none')]), 2);

    // Sent without waiting, so they go out together; each one counts once and is answered in its turn.
    const sums = await Promise.all(Array.from({ length: 500 }, () => client.incr(key('n'))));
    assert.deepEqual(sums, Array.from({ length: 500 }, (_, i) => i + 2));

    const bytes = Buffer.from(Array.from({ length: 1024 }, (_, i) => i % 256));
    await client.set(key('b'), bytes);
    const raw = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    assert.deepEqual(await raw.get(key('b')), bytes);

    const found = new Set();
    for await (const keys of client.scanIterator({ MATCH: key('*'), COUNT: 100 })) for (const one of [keys].flat()) found.add(one);
    assert.deepEqual([...found].sort(), ['a', 'b', 'n'].map(key).sort());
    assert.ok(await client.dbSize() >= 3);
    assert.match(await client.info('replication'), /role:(master|slave)/);
    assert.equal(await client.sendCommand(['RS.CONSISTENCY', 'EVENTUAL']), 'OK');
    assert.equal(await client.del([key('a'), key('b'), key('n')]), 3);
  } finally {
    client.destroy();
  }
}

use(2).then(() => use(3)).then(() => { if (!process.exitCode) console.log('ok'); }, error => { console.error(error); process.exitCode = 1; });
