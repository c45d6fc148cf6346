using RaftStream.Client.Connections;
using RaftStream.Client.Protocol;
using RaftStream.Node.Local;
using RaftStream.Node.Tests.Support;
using Addresses = RaftStream.Raft.Wire.Addresses;

namespace RaftStream.Client.Tests.Support;

/// <summary>What fixtures share that ask one cluster of three processes in the binary protocol: the cluster, for all their tests, and ways to connect to any.</summary>
internal abstract class ClientFixture
{
    protected static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private TestCluster? _cluster;

    /// <summary>The cluster of the fixture.</summary>
    protected TestCluster Cluster => _cluster!;

    [OneTimeSetUp]
    public async Task StartClusterAsync() => _cluster = await TestCluster.StartAsync(3);

    [OneTimeTearDown]
    public async Task StopClusterAsync()
    {
        if (_cluster is not null)
            await _cluster.DisposeAsync();
    }

    /// <summary>A client that is connected to all nodes of a cluster.</summary>
    protected static async Task<RaftStreamClient> ConnectAsync(TestCluster cluster, Func<RaftStreamClientOptions, RaftStreamClientOptions>? change = null)
    {
        var options = new RaftStreamClientOptions { Nodes = [.. cluster.Local.Members.Select(static member => member.Client!)], Name = "tests", RequestTimeout = TimeSpan.FromSeconds(20) };
        var client = await RaftStreamClient.ConnectAsync(change?.Invoke(options) ?? options);
        await Eventually.HoldsAsync(() => client.Nodes.All(static node => node.IsConnected), "the client is connected to all nodes", Limit);
        return client;
    }

    /// <summary>A client that knows one node only.</summary>
    protected static Task<RaftStreamClient> ConnectAsync(TestCluster cluster, LocalMember node) => ConnectAsync(cluster, options => options with { Nodes = [node.Client!] });

    /// <summary>A connection without a client around it.</summary>
    protected static async Task<NodeConnection> DialAsync(LocalMember node, int places = 16)
    {
        using var limit = new CancellationTokenSource(Limit);
        var dialled = await NodeConnection.DialAsync(Addresses.TryParse(node.Client!)!, new(null, "test"), places, TimeProvider.System, null, limit.Token);
        Assert.That(dialled.Connection, Is.Not.Null, dialled.Sentence);
        return dialled.Connection!;
    }

    /// <summary>Waits until all nodes have applied what an answer has seen. Their status would not do: it may be some milliseconds old.</summary>
    protected static async Task AppliedAsync(TestCluster cluster, ReadToken? seen)
    {
        foreach (var member in cluster.Local.Members)
        {
            await using var connection = await DialAsync(member);
            var read = await connection.SendAsync(new(RequestKind.Get) { Key = "k", Level = new(ConsistencyLevel.Session, Token: seen!.Value) }, Limit, CancellationToken.None);
            Assert.That(read.Outcome, Is.EqualTo(ClientOutcome.Applied), read.Problem);
        }
    }

    /// <summary>Ends a process and waits until it is gone.</summary>
    protected static async Task KillAsync(TestCluster cluster, int id)
    {
        cluster.Local.Child(id).Kill();
        await cluster.Local.Child(id).WaitAsync(CancellationToken.None);
    }
}
