using RaftStream.Lab.Torture.Systems;
using RaftStream.Node.Local;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Torture;

/// <summary>What the lab's client of the Redis protocol makes of replies that a node gives seldom.</summary>
internal sealed class RaftStreamRedisClientTests
{
    private static readonly ClientCall Add = new("redis/1", OperationFunction.Add, 5);
    private static readonly ClientCall Read = new("redis/1", OperationFunction.Read);

    [TestCase("UNKNOWN The answer was lost", AnswerKind.Unknown)]
    [TestCase("CLUSTERDOWN no leader", AnswerKind.Failed)]
    [TestCase("LOADING starting", AnswerKind.Failed)]
    [TestCase("TRYAGAIN a queue is full", AnswerKind.Failed)]
    [TestCase("MISCONF the disk is full", AnswerKind.Failed)]
    [TestCase("OOM the store is full", AnswerKind.Failed)]
    [TestCase("MOVED 1 127.0.0.1:1", AnswerKind.Failed)]
    [TestCase("ERR value is not an integer", AnswerKind.Failed)]
    [TestCase("NEWWORD that nobody knows", AnswerKind.Unknown)]
    public async Task The_first_word_of_an_error_tells_whether_a_write_is_in_doubt(string error, AnswerKind expected)
    {
        await using var server = new CannedServer($"-{error}\r\n-{error}\r\n");
        await using var client = new RaftStreamRedisClient(server.Address);
        var answers = await client.DoAllAsync([Add, Read], CancellationToken.None);
        Assert.That(answers.Select(static answer => answer.Kind), Is.EqualTo(new[] { expected, AnswerKind.Failed }), "a read is never in doubt");
    }

    [Test]
    public async Task A_connection_that_is_lost_behind_the_first_answer_leaves_all_writes_in_doubt_and_the_next_call_dials_again()
    {
        await using var server = new CannedServer(":5\r\n");
        await using var client = new RaftStreamRedisClient(server.Address);
        var answers = await client.DoAllAsync([Add, Read, Add], CancellationToken.None);
        Assert.That(answers.Select(static answer => answer.Kind), Is.EqualTo(new[] { AnswerKind.Unknown, AnswerKind.Failed, AnswerKind.Unknown }));
        Assert.That(await client.DoAsync(Add, CancellationToken.None), Is.EqualTo(new ClientAnswer(AnswerKind.Ok, 5)));
        Assert.That(server.LastRequest, Is.EqualTo("*3\r\n$6\r\nINCRBY\r\n$7\r\nredis/1\r\n$1\r\n5\r\n"));
    }

    [Test]
    public async Task A_node_that_is_not_there_certainly_did_nothing()
    {
        await using var client = new RaftStreamRedisClient($"127.0.0.1:{Ports.Find(1)[0]}");
        Assert.That((await client.DoAsync(Add, CancellationToken.None)).Kind, Is.EqualTo(AnswerKind.Failed));
    }

    [TestCase("$1\r\n7\r\n", 7)]
    [TestCase("$-1\r\n", null)]
    public async Task A_read_tells_a_number_or_that_there_is_none(string reply, int? value)
    {
        await using var server = new CannedServer(reply);
        await using var client = new RaftStreamRedisClient(server.Address);
        Assert.That((await client.DoAsync(Read, CancellationToken.None)).Result, Is.EqualTo(value is { } number ? (HistoryValue)number : HistoryValue.Null));
    }
}
