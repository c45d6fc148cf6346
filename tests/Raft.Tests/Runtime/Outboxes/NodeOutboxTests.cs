using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using RaftStream.Raft.Tests.Io;

namespace RaftStream.Raft.Tests.Runtime.Outboxes;

/// <summary>Writes that real nodes accept on their own disks.</summary>
[Parallelizable] // It mostly waits.
internal sealed class NodeOutboxTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task A_node_that_is_alone_accepts_and_what_it_accepted_counts_once_when_the_others_are_there()
    {
        using var folders = new TemporaryFolder();
        var ports = FreePorts(3);
        await using var first = await StartAsync(folders.Path, ports, 1);
        for (var number = 0; number < 300; number++)
        {
            var answer = await first.ProposeAsync(SumMachine.Add(2), WriteConcern.Available);
            Assert.That((answer.Outcome, answer.Accepted!.Value.Sequence), Is.EqualTo((Outcome.Accepted, number + 1L)));
        }

        Assert.That(first.Outbox, Has.Property(nameof(OutboxStatus.Pending)).EqualTo(300).And.Property(nameof(OutboxStatus.Bytes)).EqualTo(2400).And.Property(nameof(OutboxStatus.OldestAge)).Not.Null);
        var tentative = await first.ReadAsync(default, ReadConsistency.Tentative);
        Assert.That((tentative.Outcome, tentative.IsTentative, SumMachine.ValueOf(tentative)), Is.EqualTo((Outcome.Applied, true, 600L)));
        Assert.That(SumMachine.ValueOf(await first.ReadLocalAsync(default)), Is.Zero);

        await using var second = await StartAsync(folders.Path, ports, 2);
        await using var third = await StartAsync(folders.Path, ports, 3);
        await UntilAsync(() => first.Outbox.Pending == 0);
        Assert.That(first.Outbox, Is.EqualTo(new OutboxStatus(0, 0, null, 300, 0)));
        var settled = await first.ReadAsync(default, ReadConsistency.Tentative);
        Assert.That((settled.IsTentative, SumMachine.ValueOf(settled)), Is.EqualTo((false, 600L)));
        Assert.That(SumMachine.ValueOf(await second.ReadAsync(default, ReadConsistency.Linearizable)), Is.EqualTo(600));
    }

    [Test]
    public async Task What_does_not_commute_is_refused_and_so_is_a_query_that_cannot_be_laid_over()
    {
        using var folder = new TemporaryFolder();
        await using var node = await StartAsync(folder.Path, FreePorts(1), 1);
        var refused = await node.ProposeAsync(SumMachine.Add(-1), WriteConcern.Available);
        Assert.That((refused.Outcome, refused.Refusal, refused.Accepted), Is.EqualTo((Outcome.Rejected, Refusal.NotCommutative, (OutboxPlace?)null)));
        var query = await node.ReadAsync(new byte[] { 1 }, ReadConsistency.Tentative);
        Assert.That((query.Outcome, query.Refusal), Is.EqualTo((Outcome.Rejected, Refusal.NoOverlay)));
    }

    [Test]
    public async Task A_node_that_starts_again_goes_on_with_what_it_had_accepted()
    {
        using var folders = new TemporaryFolder();
        var ports = FreePorts(3);
        await using (var alone = await StartAsync(folders.Path, ports, 1))
        {
            await alone.ProposeAsync(SumMachine.Add(5), WriteConcern.Available);
        }

        await using var first = await StartAsync(folders.Path, ports, 1);
        Assert.That(first.Outbox.Pending, Is.EqualTo(1));
        await first.ProposeAsync(SumMachine.Add(7), WriteConcern.Available);
        await using var second = await StartAsync(folders.Path, ports, 2);
        await using var third = await StartAsync(folders.Path, ports, 3);
        await UntilAsync(() => first.Outbox.Pending == 0);
        Assert.That(SumMachine.ValueOf(await first.ReadAsync(default, ReadConsistency.Linearizable)), Is.EqualTo(12));
    }

    private static async Task UntilAsync(Func<bool> holds)
    {
        using var limit = new CancellationTokenSource(Patience);
        while (!holds())
        {
            limit.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }
    }

    private static int[] FreePorts(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(static _ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        listeners.ForEach(static listener => listener.Start());
        var ports = listeners.Select(static listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        listeners.ForEach(static listener => listener.Stop());
        return ports;
    }

    private static Task<RaftNode> StartAsync(string folder, int[] ports, int id) => RaftNode.StartAsync(
        new()
        {
            Id = new(id),
            Members = Enumerable.Range(1, ports.Length).ToDictionary(static number => new NodeId(number), number => new DnsEndPoint("127.0.0.1", ports[number - 1])),
            ClusterId = new("5f0a8f6e-2f63-4a76-b3b6-1d3a3f0f7c12"),
            DataFolder = Path.Combine(folder, id.ToString(System.Globalization.CultureInfo.InvariantCulture)),
        },
        new SumMachine(),
        NullLoggerFactory.Instance);
}
