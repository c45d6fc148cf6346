using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Raft.Tests.Io;

namespace RaftStream.Raft.Tests.Runtime;

/// <summary>Sessions and meters of a real node, a cluster of its own.</summary>
[Parallelizable] // It mostly waits.
internal sealed class NodeSessionTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Test]
    public async Task A_command_sent_again_after_a_restart_is_answered_as_it_was_before_and_not_run()
    {
        using var folder = new TemporaryFolder();
        SessionCommand command;
        Answer first;
        await using (var node = await StartAsync(folder.Path))
        {
            var opened = await node.OpenSessionAsync(TimeSpan.FromMinutes(10));
            command = new(new(opened.Position.Index.Value), 1, 0, SumMachine.Add(5));
            first = await node.ProposeAsync(command);
            for (var i = 0; i < 2_000; i++)
                await node.ProposeAsync(SumMachine.Add(0));
            Assert.That(node.Status.Snapshot, Is.GreaterThan(LogIndex.Zero), "the session must come out of a snapshot");
        }

        await using var restarted = await StartAsync(folder.Path);
        var again = await restarted.ProposeAsync(command);
        Assert.That((again.Outcome, again.Position, SumMachine.ValueOf(again)), Is.EqualTo((Outcome.Applied, first.Position, 5L)));
        Assert.That(SumMachine.ValueOf(await restarted.ReadAsync(default)), Is.EqualTo(5));
        Assert.That((await restarted.CloseSessionAsync(command.Session)).Outcome, Is.EqualTo(Outcome.Applied));
        Assert.That((await restarted.ProposeAsync(command with { Sequence = 2 })).Refusal, Is.EqualTo(Refusal.SessionExpired));
        Assert.That((await restarted.ProposeSessionEntryAsync(new byte[] { 9 })).Refusal, Is.EqualTo(Refusal.SessionMalformed));
    }

    [Test]
    public async Task A_raft_session_over_a_node_counts_every_command_once()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder.Path);
        var (session, _) = await RaftSession.OpenAsync(node.ProposeSessionEntryAsync);
        using (session)
            await Task.WhenAll(Enumerable.Range(0, 500).Select(_ => session!.ProposeAsync(SumMachine.Add(2)).AsTask()));
        Assert.That(SumMachine.ValueOf(await node.ReadAsync(default)), Is.EqualTo(1000));
    }

    [Test]
    public async Task A_listener_reads_what_a_node_has_applied_and_which_sessions_it_holds()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder.Path);
        var opened = await node.OpenSessionAsync(TimeSpan.FromMinutes(10));
        var command = new SessionCommand(new(opened.Position.Index.Value), 1, 0, SumMachine.Add(5));
        await node.ProposeAsync(command);
        await node.ProposeAsync(command);
        var read = new Dictionary<string, long>(StringComparer.Ordinal);
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Meter.Name == "RaftStream.Raft" && instrument.Meter.Tags!.Contains(new("node", 7)))
                self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => read[instrument.Name] = value);
        listener.Start();
        listener.RecordObservableInstruments();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(read["raftstream.raft.apply.commands"], Is.EqualTo(3));
            Assert.That(read["raftstream.raft.applied.index"], Is.GreaterThan(0));
            Assert.That(read["raftstream.raft.sessions.open"], Is.EqualTo(1));
            Assert.That(read["raftstream.raft.sessions.bytes"], Is.EqualTo(256 + 64 + 8));
            Assert.That(read["raftstream.raft.sessions.opened"], Is.EqualTo(1));
            Assert.That(read["raftstream.raft.sessions.commands.repeated"], Is.EqualTo(1));
            Assert.That(read["raftstream.raft.sessions.expired"], Is.Zero);
            Assert.That(read["raftstream.raft.snapshots.captured"], Is.Zero);
            Assert.That(read["raftstream.raft.role"], Is.EqualTo((long)Role.Leader));
            Assert.That(read["raftstream.raft.term"], Is.GreaterThan(0));
            Assert.That((read["raftstream.raft.members"], read["raftstream.raft.members.unheard"], read["raftstream.raft.members.behind"]), Is.EqualTo((1L, 0L, 0L)));
            Assert.That((read["raftstream.raft.members.changing"], read["raftstream.raft.transfer.underway"], read["raftstream.raft.storage.full"]), Is.EqualTo((0L, 0L, 0L)));
            Assert.That(read["raftstream.raft.healthy"], Is.EqualTo(1));
            Assert.That((read["raftstream.raft.outbox.pending"], read["raftstream.raft.outbox.bytes"]), Is.EqualTo((0L, 0L)));
            Assert.That((read["raftstream.raft.outbox.drained"], read["raftstream.raft.outbox.lost"]), Is.EqualTo((0L, 0L)));
            Assert.That(read.Keys, Has.Count.EqualTo(27));
        }
    }

    private static async Task<RaftNode> StartAsync(string folder)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        var options = new RaftNodeOptions
        {
            Id = new(7),
            Members = new Dictionary<NodeId, DnsEndPoint> { [new(7)] = new("127.0.0.1", port) },
            ClusterId = new("5f0a8f6e-2f63-4a76-b3b6-1d3a3f0f7c12"),
            DataFolder = folder,
            SnapshotAfterEntries = 1000,
        };
        var node = await RaftNode.StartAsync(options, new SumMachine(), NullLoggerFactory.Instance);
        using var limit = new CancellationTokenSource(Patience);
        while (!node.Status.IsReady)
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        return node;
    }
}
