using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>Whole nodes over real disks and TCP on loopback.</summary>
internal sealed class RaftNodeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("raftstream-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Three_nodes_elect_a_leader_and_apply_what_it_acknowledges()
    {
        await using var cluster = await Cluster.StartAsync(_folder, 3);
        var leader = await cluster.LeaderAsync(Patience);
        var answers = await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => leader.ProposeAsync(SumMachine.Add(1)).AsTask()));
        Assert.That(answers.Select(answer => answer.Outcome), Is.All.EqualTo(Outcome.Applied));
        var read = await leader.ReadAsync(default);
        Assert.That(SumMachine.ValueOf(read), Is.EqualTo(1000));
    }

    [Test]
    public async Task Every_acknowledged_sum_survives_the_restart_of_all_nodes()
    {
        for (var round = 1; round <= 3; round++)
        {
            await using var cluster = await Cluster.StartAsync(_folder, 3);
            var leader = await cluster.LeaderAsync(Patience);
            await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => leader.ProposeAsync(SumMachine.Add(1)).AsTask()));
            Assert.That(SumMachine.ValueOf(await leader.ReadAsync(default)), Is.EqualTo(round * 100));
        }
    }

    [Test]
    public async Task A_node_that_was_away_longer_than_the_log_comes_back_by_a_snapshot()
    {
        await using var cluster = await Cluster.StartAsync(_folder, 3);
        var leader = await cluster.LeaderAsync(Patience);
        var away = cluster.Nodes.Keys.First(id => id != leader.Status.Id);
        await cluster.StopAsync(away);
        for (var i = 0; i < 20; i++)
            await Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => leader.ProposeAsync(SumMachine.Add(1)).AsTask()));
        await cluster.StartAsync(away);
        await Cluster.EventuallyAsync(
            () => cluster.Nodes[away].Status.Applied == leader.Status.Commit && cluster.Nodes[away].Status.StateHash == leader.Status.StateHash, Patience);
        Assert.That(cluster.Nodes[away].Status.Snapshot, Is.GreaterThan(LogIndex.Zero));
    }

    [Test]
    public async Task A_single_node_is_its_own_majority()
    {
        await using var cluster = await Cluster.StartAsync(_folder, 1);
        var leader = await cluster.LeaderAsync(Patience);
        var answer = await leader.ProposeAsync(SumMachine.Add(7));
        Assert.That((answer.Outcome, SumMachine.ValueOf(answer)), Is.EqualTo((Outcome.Applied, 7L)));
        Assert.That(SumMachine.ValueOf(await leader.ReadAsync(default)), Is.EqualTo(7));
    }

    [Test]
    public async Task Every_level_answers_at_a_leader_and_the_weaker_ones_tell_their_age()
    {
        await using var cluster = await Cluster.StartAsync(_folder, 1);
        var leader = await cluster.LeaderAsync(Patience);
        var written = await leader.ProposeAsync(SumMachine.Add(7));
        var bound = TimeSpan.FromSeconds(5);
        var bounded = await leader.ReadAsync(default, ReadConsistency.BoundedStaleness(bound));
        var eventual = await leader.ReadAsync(default, ReadConsistency.Eventual);
        Answer[] others =
        [
            await leader.ReadAsync(default, ReadConsistency.Linearizable), await leader.ReadAsync(default, ReadConsistency.Lease),
            await leader.ReadAsync(default, ReadConsistency.Session(written.Position.Index)),
        ];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(others.Append(bounded).Append(eventual).Select(SumMachine.ValueOf), Is.All.EqualTo(7));
            Assert.That(bounded.Age, Is.Not.Null.And.LessThanOrEqualTo(bound));
            Assert.That(eventual.Age, Is.Not.Null.And.GreaterThanOrEqualTo(TimeSpan.Zero));
            Assert.That(others.Select(static answer => answer.Age), Is.All.Null);
        }
    }

    /// <summary>Some nodes in this process.</summary>
    private sealed class Cluster(string folder, Dictionary<NodeId, DnsEndPoint> members) : IAsyncDisposable
    {
        private readonly Guid _id = new("5f0a8f6e-2f63-4a76-b3b6-1d3a3f0f7c11");

        public Dictionary<NodeId, RaftNode> Nodes { get; } = [];

        public static async Task<Cluster> StartAsync(string folder, int count)
        {
            var members = Enumerable.Range(1, count).ToDictionary(id => new NodeId(id), _ => new DnsEndPoint("127.0.0.1", FreePort()));
            var cluster = new Cluster(folder, members);
            foreach (var id in members.Keys)
                await cluster.StartAsync(id);
            return cluster;
        }

        public static async Task EventuallyAsync(Func<bool> condition, TimeSpan patience)
        {
            var deadline = DateTime.UtcNow + patience;
            while (!condition())
            {
                Assert.That(DateTime.UtcNow, Is.LessThan(deadline), "It should have happened by now.");
                await Task.Yield();
            }
        }

        public async Task StartAsync(NodeId id) => Nodes[id] = await RaftNode.StartAsync(
            new() { Id = id, Members = members, ClusterId = _id, DataFolder = Path.Combine(folder, $"node-{id}"), SnapshotAfterBytes = 256 * 1024 },
            new SumMachine(),
            NullLoggerFactory.Instance);

        public async Task StopAsync(NodeId id)
        {
            await Nodes[id].DisposeAsync();
            Nodes.Remove(id);
        }

        public async Task<RaftNode> LeaderAsync(TimeSpan patience)
        {
            await EventuallyAsync(() => Nodes.Values.Any(node => node.Status.IsReady), patience);
            return Nodes.Values.First(node => node.Status.IsReady);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var node in Nodes.Values)
                await node.DisposeAsync();
        }

        private static int FreePort()
        {
            using var listener = new TcpListener(IPAddress.Loopback, 0);
            listener.Start();
            return ((IPEndPoint)listener.LocalEndpoint).Port;
        }
    }
}
