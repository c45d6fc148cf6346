using System.Globalization;
using System.Text;
using RaftStream.Hosting.Resp;
using RaftStream.Node.Tests.Support;

namespace RaftStream.Node.Tests.Resp;

/// <summary>The port for the Redis protocol of a real cluster, at the leader and at a follower.</summary>
[TestFixture]
internal sealed class RespPortTests : ClusterFixture
{
    private const string NotInteger = "-ERR value is not an integer or out of range";

    private RespClient _leader = null!;
    private RespClient _follower = null!;

    [SetUp]
    public async Task ConnectAsync()
    {
        var leader = await Cluster.LeaderAsync();
        _leader = await RespClient.ConnectAsync(RespOf(leader.Id));
        _follower = await RespClient.ConnectAsync((await Cluster.FollowerAsync()).Resp!);
    }

    [TearDown]
    public void Disconnect()
    {
        _leader.Dispose();
        _follower.Dispose();
    }

    // Each line a command, a bar, its answer; one after the other, on a connection of its own kind of keys.
    private static readonly string[] s_strings =
    [
        "GET s:a|nil", "SET s:a hello|+OK", "GET s:a|\"hello\"", "TYPE s:a|+string", "TYPE s:none|+none", "EXISTS s:a s:a s:none|:2", "INCR s:a|" + NotInteger, "GET s:a|\"hello\"",
        "SET s:a 10|+OK", "INCR s:a|:11", "GET s:a|\"11\"", "INCRBY s:a -20|:-9", "DECR s:a|:-10", "DECRBY s:a -3|:-7", "INCRBY s:a x|" + NotInteger, "INCRBY s:a 1.5|" + NotInteger,
        "INCRBY s:a 9223372036854775808|" + NotInteger, "SET s:a 9223372036854775807|+OK", "INCR s:a|-ERR increment or decrement would overflow", "GET s:a|\"9223372036854775807\"",
        "DECRBY s:a -9223372036854775808|-ERR decrement would overflow", "SET s:a 007|+OK", "GET s:a|\"007\"", "INCR s:a|" + NotInteger,
        "MSET s:b 1 s:c two|+OK", "MGET s:a s:b s:c s:none|[\"007\", \"1\", \"two\", nil]", "DEL s:a s:b s:none s:a|:2", "MGET s:a s:b s:c|[nil, nil, \"two\"]",
        "MSET s:b 1 s:c|-ERR wrong number of arguments for 'mset' command", "SET s:c|-ERR wrong number of arguments for 'set' command", "DEL s:c|:1",
    ];

    private static readonly string[] s_connection =
    [
        "PING|+PONG", "PING hi|\"hi\"", "PING a b|-ERR wrong number of arguments for 'ping' command", "ECHO hi|\"hi\"", "SELECT 0|+OK", "SELECT 1|-ERR DB index is out of range: there is database 0 alone", "SELECT x|-ERR invalid DB index",
        "CLIENT GETNAME|nil", "CLIENT SETNAME me|+OK", "CLIENT GETNAME|\"me\"", "CLIENT SETINFO LIB-NAME lib|+OK", "CLIENT SETINFO LIB-VER 1.0|+OK", "CLIENT SETINFO other x|-ERR Unrecognized option 'other'", "CLIENT NO-EVICT ON|+OK",
        "CONFIG GET save|[\"save\", \"\"]", "CONFIG GET appendonly|[\"appendonly\", \"yes\"]", "CONFIG GET database* time*|[\"databases\", \"1\", \"timeout\", \"0\"]", "CONFIG GET replica-read-only|[\"replica-read-only\", \"no\"]",
        "CONFIG SET save 1|-ERR settings are given when the node starts: CONFIG takes GET alone", "READONLY|+OK", "CLUSTER KEYSLOT foo|:12182", "RS.CONSISTENCY|\"linearizable\"", "RS.CONSISTENCY bounded 500|+OK", "RS.CONSISTENCY|\"bounded 500\"",
        "RS.CONCERN|\"quorum\"", "RS.CONCERN leader|+OK", "RS.CONCERN|\"leader\"", "RESET|+RESET", "RS.CONSISTENCY|\"linearizable\"", "RS.CONCERN|\"quorum\"", "CLIENT GETNAME|nil",
        "AUTH x|-ERR AUTH called without any token configured: this node lets everybody in, start it with tokens or leave AUTH out",
        "FLUSHALL|-ERR unknown command 'FLUSHALL', with args beginning with: ", "SENTINEL MASTERS|-ERR unknown command 'SENTINEL', with args beginning with: 'MASTERS' ",
    ];

    [Test]
    public async Task StringsAndCountersAreThoseOfRedisAtTheLeader() => await IsAnsweredAsync(_leader, s_strings);

    [Test]
    public async Task StringsAndCountersAreThoseOfRedisAtAFollower() => await IsAnsweredAsync(_follower, s_strings);

    [Test]
    public async Task WhatAConnectionSaysOfItselfIsAnsweredAsByRedis() => await IsAnsweredAsync(_follower, s_connection);

    [Test]
    public async Task PipelinedCommandsAreAnsweredInOrderAndSeeEachOther()
    {
        foreach (var client in new[] { _leader, _follower })
        {
            Assert.That(
                await client.AskAllAsync("DEL p:a p:b", "GET p:a", "INCR p:a", "GET p:a", "PING x", "SET p:b q", "MGET p:a p:b p:none", "INCR p:b", "NOSUCH", "INCRBY p:a 5", "EXISTS p:a p:b", "TYPE p:b", "DEL p:b", "GET p:b"),
                Is.EqualTo((string[])[":0", "nil", ":1", "\"1\"", "\"x\"", "+OK", "[\"1\", \"q\", nil]", NotInteger, "-ERR unknown command 'NOSUCH', with args beginning with: ", ":6", ":2", "+string", ":1", "nil"]));
            await client.AskAsync("DEL p:a");
        }
    }

    [Test]
    public async Task ManyPipelinedWritesTakeFewEntries()
    {
        var before = (await Cluster.LeaderAsync()).LastIndex;
        var commands = Enumerable.Repeat("INCR few", 1_000).ToArray();
        var answers = await _leader.AskAllAsync(commands);
        Assert.That(answers, Is.EqualTo(Enumerable.Range(1, 1_000).Select(static i => $":{i}")));
        Assert.That((await Cluster.LeaderAsync()).LastIndex - before, Is.LessThan(100));
    }

    [Test]
    public async Task BytesComeBackAsTheyWent()
    {
        var bytes = Enumerable.Range(0, RespLimits.MaxBulk).Select(static i => (byte)((i * 7) ^ (i >> 8))).ToArray();
        foreach (var (client, verb, extra) in new[] { (_leader, "ECHO", ""), (_follower, "SET", "binary") })
        {
            var head = extra.Length == 0 ? $"*2\r\n$4\r\n{verb}\r\n" : $"*3\r\n$3\r\n{verb}\r\n${extra.Length}\r\n{extra}\r\n";
            await client.SendAsync([.. Encoding.ASCII.GetBytes(head + $"${bytes.Length}\r\n"), .. bytes, .. "\r\n"u8]);
            var answer = await client.ReadAsync();
            if (extra.Length > 0)
                answer = await _leader.AskAsync("GET", extra);
            Assert.That(answer, Is.EqualTo($"\"{Encoding.Latin1.GetString(bytes)}\""));
        }
    }

    [Test]
    public async Task WhatIsTooLongIsRefusedAndTheConnectionKept()
    {
        Assert.That(await _leader.AskAsync("SET", "long", new string('x', RespLimits.MaxBulk + 1)), Does.StartWith("-ERR an argument has more than 65536 bytes"));
        Assert.That(await _leader.AskAsync("SET", new string('k', 4_097), "v"), Is.EqualTo("-ERR a key has 4097 bytes: give 1 to 4096"));
        Assert.That(await _leader.AskAsync("SET", "", "v"), Is.EqualTo("-ERR a key is empty: give 1 to 4096 bytes"));
        Assert.That(await _leader.AskAsync("MSET", "a", "1", "", "v"), Does.StartWith("-ERR a key is empty"));
        await _leader.SendAsync([.. "*2\r\n$3\r\nGET\r\n$1\r\n"u8, 0xFF, .. "\r\n"u8]);
        Assert.That(await _leader.ReadAsync(), Does.StartWith("-ERR a key is no UTF-8"));
        Assert.That(await _leader.AskAsync(["DEL", .. Enumerable.Repeat("k", 3_000)]), Does.StartWith("-ERR the command has more than 2001 arguments"));
        Assert.That(await _leader.AskAsync("PING"), Is.EqualTo("+PONG"));
    }

    [Test]
    public async Task ManyKeysAreWrittenAndReadAtOnce()
    {
        var pairs = Enumerable.Range(0, 1_000).SelectMany(static i => new[] { $"many:{i}", i.ToString(CultureInfo.InvariantCulture) });
        Assert.That(await _follower.AskAsync(["MSET", .. pairs]), Is.EqualTo("+OK"));
        var keys = Enumerable.Range(0, 1_000).Select(static i => $"many:{i}").ToArray();
        var expected = "[" + string.Join(", ", Enumerable.Range(0, 1_000).Select(static i => $"\"{i}\"")) + "]";
        Assert.That(await _leader.AskAsync(["MGET", .. keys]), Is.EqualTo(expected));
        Assert.That(await _leader.AskAsync(["DEL", .. keys]), Is.EqualTo(":1000"));
    }

    [TestCase("NX")]
    [TestCase("XX")]
    [TestCase("GET")]
    [TestCase("EX", "10")]
    public async Task OptionsOfSetAreRefusedInWords(params string[] options)
    {
        Assert.That(await _leader.AskAsync(["SET", "opt", "v", .. options]), Does.StartWith($"-ERR SET takes a key and a value here, and not {options[0]}"));
        Assert.That(await _leader.AskAsync("GET opt"), Is.EqualTo("nil"));
    }

    [Test]
    public async Task AProtocolErrorIsToldBehindTheAnswersAndClosesTheConnection()
    {
        await _leader.SendAsync([.. RespClient.Command("SET", "pe", "1"), .. RespClient.Command("GET", "pe"), .. "*1\r\n!"u8, .. "\r\n"u8]);
        Assert.That(await _leader.ReadAsync(), Is.EqualTo("+OK"));
        Assert.That(await _leader.ReadAsync(), Is.EqualTo("\"1\""));
        Assert.That(await _leader.ReadAsync(), Is.EqualTo("-ERR Protocol error: expected '$', got '!'"));
        Assert.That(await _leader.ReadAsync(), Is.EqualTo("end"));
    }

    [TestCase("POST / HTTP/1.1\r\nSET http 1\r\n")]
    [TestCase("GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nSET http 1\r\n")]
    public async Task ABrowserIsTurnedAway(string request)
    {
        await _leader.SendAsync(Encoding.ASCII.GetBytes(request));
        var answer = await _leader.ReadAsync();
        if (!answer.Contains("not HTTP", StringComparison.Ordinal))
            answer = await _leader.ReadAsync();
        Assert.That(answer, Is.EqualTo("-ERR Protocol error: this port speaks the Redis protocol and not HTTP"));
        Assert.That(await _leader.ReadAsync(), Is.EqualTo("end"));
        Assert.That(await _follower.AskAsync("GET http"), Is.EqualTo("nil"));
    }

    [Test]
    public async Task AClientThatHasSaidAllIsAnsweredStill()
    {
        await _follower.SendAsync("SET half 1\r\nGET half\r\n"u8.ToArray());
        _follower.EndSending();
        Assert.That(await _follower.ReadAsync(), Is.EqualTo("+OK"));
        Assert.That(await _follower.ReadAsync(), Is.EqualTo("\"1\""));
        Assert.That(await _follower.ReadAsync(), Is.EqualTo("end"));
    }

    [Test]
    public async Task QuitClosesTheConnection()
    {
        Assert.That(await _leader.AskAsync("QUIT"), Is.EqualTo("+OK"));
        Assert.That(await _leader.ReadAsync(), Is.EqualTo("end"));
    }

    [Test]
    public async Task Version3HasMapsAndNullsOfItsOwn()
    {
        Assert.That(await _leader.AskAsync("HELLO 3 SETNAME three"), Does.Contain("\"server\": \"redis\"").And.Contain("\"proto\": :3").And.Contain("\"role\": \"master\""));
        Assert.That(await _leader.AskAsync("CLIENT GETNAME"), Is.EqualTo("\"three\""));
        Assert.That(await _leader.AskAsync("GET three:none"), Is.EqualTo("nil"));
        Assert.That(await _leader.AskAsync("CONFIG GET save"), Is.EqualTo("{\"save\": \"\"}"));
        Assert.That(await _leader.AskAsync("INFO server"), Does.StartWith("=# Server\r\nredis_version:"));
        Assert.That(await _leader.AskAsync("HELLO 4"), Does.StartWith("-NOPROTO"));
        Assert.That(await _leader.AskAsync("HELLO 3 NONSENSE"), Is.EqualTo("-ERR Syntax error in HELLO option 'NONSENSE'"));
        Assert.That(await _leader.AskAsync("HELLO 2"), Does.StartWith("[\"server\", \"redis\""));
    }

    [Test]
    public async Task TheHandshakeOfAKnownClientIsAnswered()
    {
        var raw = Encoding.Latin1.GetString([0, 255, 13, 10, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        var echo = Encoding.Latin1.GetBytes($"*2\r\n$4\r\nECHO\r\n$16\r\n{raw}\r\n");
        string[] batch =
        [
            "HELLO 3 SETNAME app", "CLIENT SETNAME app", "CLIENT SETINFO lib-name SE.Redis", "CLIENT SETINFO lib-ver 2.8.0", "CLIENT ID", "CONFIG GET timeout", "CONFIG GET replica-read-only", "CONFIG GET databases", "SENTINEL MASTERS", "INFO replication", "INFO server",
            "CLUSTER NODES", "GET __Booksleeve_TieBreak",
        ];
        await _follower.SendAsync([.. batch.SelectMany(static command => RespClient.Command(command.Split(' '))), .. echo]);
        List<string> answers = [];
        for (var i = 0; i <= batch.Length; i++)
            answers.Add(await _follower.ReadAsync());
        Assert.That(answers[0], Does.Contain("\"proto\": :3"));
        Assert.That(answers[4], Does.Match("^:[1-9]"));
        Assert.That(answers[8], Does.StartWith("-ERR unknown command"));
        Assert.That(answers[9], Does.Contain("role:slave").And.Contain("master_link_status:up"));
        Assert.That(answers[11], Does.Contain("myself,slave").And.Contain("master - 0 0").And.Contain("0-16383"));
        Assert.That(answers[12], Is.EqualTo("nil"));
        Assert.That(answers[13], Is.EqualTo($"\"{raw}\""));
    }

    [Test]
    public async Task TheNodesTellOfEachOther()
    {
        var leader = await Cluster.LeaderAsync();
        var address = RespOf(leader.Id);
        var colon = address.LastIndexOf(':');
        Assert.That(await _follower.AskAsync("CLUSTER SLOTS"), Does.StartWith($"[[:0, :16383, [\"127.0.0.1\", :{address[(colon + 1)..]}, "));
        Assert.That(await _follower.AskAsync("CLUSTER INFO"), Does.Contain("cluster_state:ok").And.Contain("cluster_known_nodes:3"));
        Assert.That(await _leader.AskAsync("CLUSTER MYID"), Is.EqualTo($"\"{leader.Id:x40}\""));
        Assert.That(await _leader.AskAsync("ROLE"), Does.StartWith("[\"master\", :"));
        Assert.That(await _follower.AskAsync("ROLE"), Does.StartWith($"[\"slave\", \"127.0.0.1\", :{address[(colon + 1)..]}, \"connected\", :"));
        Assert.That(await _leader.AskAsync("INFO"), Does.Contain("role:master").And.Contain("raft_role:leader").And.Contain("redis_version:"));
        Assert.That(await _leader.AskAsync("TIME"), Does.Match("^\\[\"\\d{10}\", \"\\d{1,6}\"\\]$"));
        Assert.That(await _leader.AskAsync("COMMAND COUNT"), Is.EqualTo($":{CommandTable.Commands.Count}"));
        Assert.That(await _leader.AskAsync("COMMAND DOCS get"), Does.StartWith("[\"get\", [\"summary\", \"Reads a key's value.\""));
        Assert.That(await _leader.AskAsync("COMMAND INFO get nosuch"), Does.StartWith("[[\"get\", :2, [+readonly, +fast], :1, :1, :1").And.EndsWith("nil]"));
    }

    [Test]
    public async Task AWriteIsRedirectedWhereItsClientWantsThat()
    {
        var leader = await Cluster.LeaderAsync();
        Assert.That(await _follower.AskAsync("RS.REDIRECT ON"), Is.EqualTo("+OK"));
        Assert.That(await _follower.AskAsync("SET foo v"), Is.EqualTo($"-MOVED 12182 {RespOf(leader.Id)}"));
        Assert.That(await _follower.AskAsync("RS.REDIRECT OFF"), Is.EqualTo("+OK"));
        Assert.That(await _follower.AskAsync("SET foo v"), Is.EqualTo("+OK"));
        Assert.That(await _leader.AskAsync("GET foo"), Is.EqualTo("\"v\""));
        Assert.That(await _leader.AskAsync("DEL foo"), Is.EqualTo(":1"));
    }

    [Test]
    public async Task AWalkFindsEveryKeyOnceOrMore()
    {
        var keys = Enumerable.Range(0, 500).Select(static i => $"walk:{i}").ToArray();
        await _leader.AskAsync(["MSET", .. keys.SelectMany(static key => new[] { key, "v" })]);
        HashSet<string> found = [];
        var cursor = "0";
        do
        {
            var page = await _follower.AskAsync($"SCAN {cursor} MATCH walk:* COUNT 50");
            var parts = page[1..^1].Split(", [", 2);
            cursor = parts[0].Trim('"');
            foreach (var key in parts[1].TrimEnd(']').Split(", ", StringSplitOptions.RemoveEmptyEntries))
                found.Add(key.Trim('"'));
        }
        while (cursor != "0");
        Assert.That(found, Is.EquivalentTo(keys));
        Assert.That(await _leader.AskAsync("SCAN x"), Is.EqualTo("-ERR invalid cursor"));
        Assert.That(await _leader.AskAsync("SCAN 0 COUNT 0"), Is.EqualTo("-ERR syntax error"));
        Assert.That(await _leader.AskAsync("SCAN 0 TYPE list COUNT 1000"), Does.EndWith(", []]"));
        var before = long.Parse((await _leader.AskAsync("DBSIZE"))[1..], CultureInfo.InvariantCulture);
        await _leader.AskAsync(["DEL", .. keys]);
        Assert.That(await _follower.AskAsync("DBSIZE"), Is.EqualTo($":{before - 500}"));
    }

    [Test]
    public async Task WhatTheStoreHasBesidesIsHadByCommandsOfItsOwn()
    {
        await _leader.AskAsync("MSET 1000000 5 1000001 7 top:a 9000000000000000000 top:b text");
        Assert.That(await _follower.AskAsync("RS.RANGESUM 1000000 1000001"), Is.EqualTo("[\"12\", :2]"));
        Assert.That(await _follower.AskAsync("RS.TOP 1"), Is.EqualTo("[\"top:a\", \"9000000000000000000\"]"));
        Assert.That(await _follower.AskAsync("RS.TOP 0"), Does.StartWith("-ERR count is not a number from 1 to"));
        await _leader.AskAsync("DEL 1000000 1000001 top:a top:b");
    }

    private static async Task IsAnsweredAsync(RespClient client, string[] lines)
    {
        foreach (var line in lines)
        {
            var bar = line.IndexOf('|', StringComparison.Ordinal);
            Assert.That(await client.AskAsync(line[..bar]), Is.EqualTo(line[(bar + 1)..]), line);
        }
    }

    private string RespOf(int id) => Cluster.Local.Members.First(member => member.Id == id).Resp!;
}
