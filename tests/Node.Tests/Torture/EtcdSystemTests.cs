using RaftStream.Lab.Torture.Systems;
using RaftStream.Testing;

namespace RaftStream.Node.Tests.Torture;

/// <summary>etcd as the lab runs it, and its client against answers that etcd gives seldom.</summary>
[TestFixture]
internal sealed class EtcdSystemTests
{
    [Test]
    public async Task ThreeMembersAnswerThroughTheWaysOfTheLab()
    {
        await using var system = new EtcdSystem();
        await using var processes = new SystemProcesses(system, 3, "etcd");
        foreach (var node in new[] { 1, 2, 3 })
            processes.Start(node);
        var leader = await processes.LeaderAsync();
        var other = (leader % 3) + 1;

        Assert.That((await processes.AskAsync(other, OperationFunction.Read)).Result, Is.EqualTo(HistoryValue.Null));
        Assert.That((await processes.AskAsync(other, OperationFunction.CompareAndSet, HistoryValue.List(HistoryValue.Null, 5))).Kind, Is.EqualTo(AnswerKind.Ok));
        Assert.That((await processes.AskAsync(leader, OperationFunction.CompareAndSet, HistoryValue.List(HistoryValue.Null, 6))).Kind, Is.EqualTo(AnswerKind.Failed));
        Assert.That((await processes.AskAsync(leader, OperationFunction.CompareAndSet, HistoryValue.List(5, 7))).Kind, Is.EqualTo(AnswerKind.Ok));
        var read = await processes.AskAsync(other, OperationFunction.Read);
        Assert.That((read.Kind, read.Result), Is.EqualTo((AnswerKind.Ok, (HistoryValue?)7)));
        var written = await processes.AskAsync(other, OperationFunction.Write, -3);
        Assert.That((written.Kind, written.Index), Is.EqualTo((AnswerKind.Ok, read.Index + 1)));

        // Without the others nothing is acknowledged; without the node nothing was even sent.
        await processes.CutAsync();
        Assert.That((await processes.AskAsync(other, OperationFunction.Write, 8, seconds: 0.3)).Kind, Is.EqualTo(AnswerKind.Unknown));
        await processes.KillAsync(other);
        Assert.That((await processes.AskAsync(other, OperationFunction.Write, 9)).Kind, Is.EqualTo(AnswerKind.Failed));
    }

    [TestCase("503 Service Unavailable", """{"error":"etcdserver: request timed out","code":14}""", AnswerKind.Unknown)]
    [TestCase("429 Too Many Requests", """{"error":"etcdserver: too many requests","code":8}""", AnswerKind.Failed)]
    [TestCase("200 OK", "no JSON", AnswerKind.Unknown)]
    [TestCase("200 OK", """{"header":{"revision":"7"}}""", AnswerKind.Ok)]
    [TestCase("200 OK", "{}", AnswerKind.Unknown)]
    public async Task AWriteIsInDoubtWhereverItMayBeDone(string status, string body, AnswerKind kind)
    {
        await using var server = new CannedServer($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\nContent-Type: application/json\r\n\r\n{body}");
        await using var system = new EtcdSystem();
        Assert.That((await AskAsync(system, server, OperationFunction.Write, 1)).Kind, Is.EqualTo(kind));
        Assert.That((await AskAsync(system, server, OperationFunction.Read)).Kind, Is.EqualTo(kind == AnswerKind.Unknown ? AnswerKind.Failed : kind));
    }

    [Test]
    public void ANodeThatJoinsIsRefusedWithASentence()
    {
        var site = new NodeSite(4, [1, 2, 3], "/nowhere") { Listen = static _ => "127.0.0.1:1", Reach = static (_, _) => "127.0.0.1:2" };
        Assert.That(() => new EtcdSystem().ProgramOf(site), Throws.Exception.With.Message.Contains("members that it begins with"));
    }

    [Test]
    public void WhereNodesHaveAddressesOfTheirOwnTheyKnowEachOtherByThem()
    {
        var site = new NodeSite(2, [1, 2], "/nowhere") { Listen = static port => port == "peer" ? "10.0.0.2:7001" : "10.0.0.2:7002", Reach = static (node, _) => $"10.0.0.{node}:7001" };
        Assert.That(string.Join(' ', new EtcdSystem().ProgramOf(site).Arguments), Does.Contain("--initial-cluster n1=http://10.0.0.1:7001,n2=http://10.0.0.2:7001 ")
            .And.Contain("--initial-advertise-peer-urls http://10.0.0.2:7001 ").And.Contain("--advertise-client-urls http://10.0.0.2:7002 "));
    }

    private static async Task<ClientAnswer> AskAsync(EtcdSystem system, CannedServer server, OperationFunction function, HistoryValue argument = default)
    {
        await using var client = system.Connect(server.Address);
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(10));
        return await client.DoAsync(new("k", function, argument), deadline.Token);
    }
}
