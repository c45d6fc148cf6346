using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Raft.Runtime;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>What a node says when something is wrong, and that nobody is left waiting.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class RaftNodeFailureTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly string _folder = Directory.CreateTempSubdirectory("raftstream-").FullName;
    private readonly Dictionary<NodeId, DnsEndPoint> _members = Enumerable.Range(1, 3).ToDictionary(static id => new NodeId(id), static _ => new DnsEndPoint("127.0.0.1", FreePort()));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task A_proposal_to_a_node_that_does_not_lead_is_refused_and_leaves_no_trace()
    {
        await using var node = await StartAsync(Options(1, members: 3));
        var answer = await node.ProposeAsync(SumMachine.Add(1));
        Assert.That((answer.Outcome, answer.Refusal), Is.EqualTo((Outcome.Rejected, Refusal.NotLeader)));
        Assert.That(node.Status.Last, Is.EqualTo(LogPosition.Zero));
    }

    [Test]
    public async Task A_caller_that_gives_up_is_told_that_nobody_knows_and_a_late_answer_changes_nothing()
    {
        using var patience = new CancellationTokenSource();
        var request = new AsyncRequest(RequestKind.Propose, SumMachine.Add(1));
        var waiting = request.WaitAsync(patience.Token).AsTask();
        await patience.CancelAsync();
        request.Complete(new(Outcome.Applied, Refusal.None, default, default));
        var answer = await waiting;
        Assert.That((answer.Outcome, answer.Refusal), Is.EqualTo((Outcome.Unknown, Refusal.TimedOut)));
    }

    [Test]
    public async Task Stopping_a_node_answers_everybody_who_waits()
    {
        var node = await StartAsync(Options(1, members: 1));
        await IsReadyAsync(node);
        var waiting = Enumerable.Range(0, 2000).Select(_ => node.ProposeAsync(SumMachine.Add(1)).AsTask()).ToArray();
        await node.DisposeAsync();
        var answers = await Task.WhenAll(waiting).WaitAsync(Patience);
        Assert.That(answers, Has.Length.EqualTo(2000));
        Assert.That((await node.ProposeAsync(SumMachine.Add(1))).Refusal, Is.EqualTo(Refusal.Stopped));
        Assert.That(await node.Stopped, Is.Null);

        // What was acknowledged is there; what was not may be.
        await using var again = await StartAsync(Options(1, members: 1));
        await IsReadyAsync(again);
        var sum = SumMachine.ValueOf(await again.ReadAsync(default));
        Assert.That(sum, Is.GreaterThanOrEqualTo(answers.Count(static answer => answer.Outcome == Outcome.Applied)));
        Assert.That(sum, Is.LessThanOrEqualTo(answers.Count(static answer => answer.Outcome != Outcome.Rejected)));
    }

    [Test]
    public async Task A_folder_of_another_cluster_or_node_is_refused_in_a_sentence_and_stays_free()
    {
        var options = Options(1, members: 3);
        await (await StartAsync(options)).DisposeAsync();
        var otherCluster = await Assert.ThrowsAsync<ReplicaException>(() => StartAsync(options with { ClusterId = Guid.NewGuid() }));
        var otherNode = await Assert.ThrowsAsync<ReplicaException>(() => StartAsync(options with { Id = new(2) }));
        Assert.That(new[] { otherCluster!.Message, otherNode!.Message }, Is.All.EndsWith("."));
        await using var node = await StartAsync(options);
        Assert.That(node.Status.Fault, Is.Null);
    }

    [Test]
    public async Task A_port_that_is_taken_is_refused_in_a_sentence_and_the_folder_stays_free()
    {
        var options = Options(1, members: 1);
        using (var squatter = new TcpListener(IPAddress.Loopback, options.Members[options.Id].Port))
        {
            squatter.Start();
            var refused = await Assert.ThrowsAsync<ReplicaException>(() => StartAsync(options));
            Assert.That(refused!.Message, Does.Contain($"{options.Members[options.Id].Port}").And.EndsWith("."));
        }

        await using var node = await StartAsync(options);
        await IsReadyAsync(node);
    }

    [Test]
    public async Task A_state_machine_that_throws_stops_its_replica_which_says_why_and_answers_its_callers()
    {
        await using var node = await StartAsync(Options(1, members: 1), new FaultyMachine());
        await IsReadyAsync(node);
        var answer = await node.ProposeAsync(SumMachine.Add(1)).AsTask().WaitAsync(Patience);
        Assert.That((answer.Outcome, answer.Refusal), Is.EqualTo((Outcome.Unknown, Refusal.Stopped)));
        var sentence = await node.Stopped.WaitAsync(Patience);
        Assert.That(sentence, Does.Contain("The sum is broken."));
        Assert.That((node.Status.Fault, node.Status.IsReady, node.Status.Role), Is.EqualTo((sentence, false, Role.Follower)));
        Assert.That((await node.ReadAsync(default)).Refusal, Is.EqualTo(Refusal.Stopped));
    }

    private static Task<RaftNode> StartAsync(RaftNodeOptions options, IStateMachine? machine = null) =>
        RaftNode.StartAsync(options, machine ?? new SumMachine(), NullLoggerFactory.Instance);

    private static async Task IsReadyAsync(RaftNode node)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!node.Status.IsReady)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private RaftNodeOptions Options(int id, int members) => new()
    {
        Id = new(id),
        Members = _members.Where(member => member.Key.Value <= members).ToDictionary(),
        ClusterId = new("3b0f5c9e-8f14-4d7c-a1c2-0f6f1d7a9e21"),
        DataFolder = Path.Combine(_folder, "node"),
    };
}
