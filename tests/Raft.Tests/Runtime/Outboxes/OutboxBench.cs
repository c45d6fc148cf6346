using System.Buffers.Binary;
using RaftStream.Raft.Log;
using RaftStream.Raft.Runtime;
using RaftStream.Raft.Tests.Log;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Runtime.Outboxes;

/// <summary>An outbox over a simulated disk, with a log that applies at once what is forwarded to it.</summary>
internal sealed class OutboxBench : IDisposable
{
    private readonly OutboxOptions _options;
    private int _lives;

    public OutboxBench(OutboxOptions? options = null)
    {
        _options = options ?? new();
        Restart();
    }

    public static LogIdentity Identity { get; } = new(new("5f0a8f6e-2f63-4a76-b3b6-1d3a3f0f7c12"), new(3));

    public SimDisk Disk { get; } = LogBench.NewDisk();

    public HandClock Clock { get; } = new();

    /// <summary>What the cluster knows, which outlives every process.</summary>
    public OutboxTable Table { get; } = new();

    /// <summary>What was run, in order.</summary>
    public List<long> Ran { get; } = [];

    public ReplicaQueues Queues { get; private set; } = null!;

    public OutboxAgent Agent { get; private set; } = null!;

    public IReadOnlyList<string> Files => [.. Disk.List().Where(static name => name.EndsWith(OutboxFile.Suffix, StringComparison.Ordinal))];

    /// <summary>The process starts again, over what the disk holds.</summary>
    public void Restart()
    {
        var parker = new Parker();
        Queues = new(parker, parker, parker);
        var board = Queues.BoardOf(Identity.Node);
        board.OnApplied(Table);
        Agent = new(Disk, Identity, _options with { Epoch = (UInt128)(++_lives) }, new SumMachine(), Queues, board, 1, Clock.Now);
    }

    /// <summary>A caller writes; its answer comes with the next poll.</summary>
    public TestCommand Write(long delta)
    {
        var request = new TestCommand(SumMachine.Add(delta));
        Queues.Accepts.TryEnqueue(request);
        return request;
    }

    public int Poll() => Agent.Poll(Clock);

    /// <summary>What was forwarded since the last time.</summary>
    public List<byte[]> Forwarded() => [.. Queues.Requests.TakeAll().Select(static request => request.Payload.ToArray())];

    /// <summary>The log applies an entry.</summary>
    public Refusal Apply(byte[] entry)
    {
        Assert.That(OutboxEntry.TryRead(entry, out var read), Is.True);
        var refusal = Table.Judge(read);
        if (refusal == Refusal.None)
            Ran.Add(BinaryPrimitives.ReadInt64LittleEndian(entry.AsSpan(OutboxEntry.HeaderSize)));
        Agent.Board.OnApplied(Table);
        return refusal;
    }

    /// <summary>Polls, lets time pass and applies what is forwarded, until nothing waits.</summary>
    public void Drain()
    {
        for (var rounds = 0; rounds < 1000; rounds++)
        {
            Poll();
            Clock.Now += TimeSpan.FromMilliseconds(100);
            foreach (var entry in Forwarded())
                Apply(entry);
            if (Agent.Board.Pending.Count == 0 && !Agent.HasWork)
                return;
        }

        Assert.Fail($"{Agent.Board.Pending.Count} commands still wait.");
    }

    public void Dispose() => Agent.Dispose();
}

/// <summary>A command for an outbox that keeps its answers: exactly one is right.</summary>
internal sealed class TestCommand : ClientRequest
{
    public TestCommand(byte[] command) => Payload = command;

    public List<Answer> Answers { get; } = [];

    public override void Complete(in Answer answer) => Answers.Add(answer);
}
