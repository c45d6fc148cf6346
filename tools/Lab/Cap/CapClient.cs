using RaftStream.Hosting.Http;
using RaftStream.Node.Http;

namespace RaftStream.Lab.Cap;

/// <summary>Does the operations of one level on one side, one after another, and notes how each ended. Used by one caller.</summary>
/// <param name="level">The level.</param>
/// <param name="side">The side.</param>
/// <param name="nodes">The nodes that it turns to, one after the other.</param>
/// <param name="ticks">What is read, and who is told of acknowledged adds to it.</param>
/// <param name="clock">The time since the start of the experiment.</param>
internal sealed class CapClient(CapLevel level, CapSide side, IReadOnlyList<NodeClient> nodes, CapTicks ticks, Func<TimeSpan> clock)
{
    /// <summary>No answer is waited for any longer; the node is told.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(1.5);

    /// <summary>How old a read of the level bounded may be.</summary>
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(2);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly List<CapOperation> _operations = [];
    private int _served;
    private ReadToken? _seen;
    private int _turn;

    public CapLevel Level => level;

    public CapSide Side => side;

    /// <summary>How many were served so far; safe to ask while it works.</summary>
    public int Served => Volatile.Read(ref _served);

    /// <summary>What it did, in order; once it has ended.</summary>
    public IReadOnlyList<CapOperation> Operations => _operations;

    /// <summary>The key that a client of this level and side writes to; a client of the larger side with the default level moves what all read.</summary>
    public static string KeyOf(CapLevel level, CapSide side) =>
        level == CapLevel.Quorum && side == CapSide.Majority ? CapTicks.Key : $"cap/{level.Name}/{side}";

    /// <summary>Works until it is stopped; what is under way then is ended first.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Interval);
        try
        {
            do
                _operations.Add(await DoAsync());
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The experiment is over.
        }
    }

    private async Task<CapOperation> DoAsync()
    {
        var node = nodes[_turn++ % nodes.Count];
        var operation = new CapOperation(level, side, clock(), default, CapEnd.Unknown);
        operation = level.IsWrite ? await WriteAsync(node, operation) : await ReadAsync(node, operation);
        if (operation.End == CapEnd.Served)
            Interlocked.Increment(ref _served);
        return operation with { Ended = clock() };
    }

    private async Task<CapOperation> ReadAsync(NodeClient node, CapOperation operation)
    {
        var reply = await node.GetCounterAsync(CapTicks.Key, Patience, CancellationToken.None, LevelOfRead());
        if (reply.Value is not { } counter)
            return operation with { End = CapEnd.Refused, Code = reply.Problem?.Code };
        if (reply.Stamp?.Token is { } token && (_seen is not { } seen || token.CompareTo(seen) > 0))
            _seen = token;
        return operation with { End = CapEnd.Served, Value = counter.Value, AgeMs = reply.Stamp?.AgeMs };
    }

    private ReadLevel LevelOfRead()
    {
        if (level == CapLevel.Linearizable)
            return ReadLevel.Linearizable;
        if (level == CapLevel.Lease)
            return ReadLevel.Lease;
        if (level == CapLevel.Bounded)
            return ReadLevel.Bounded((long)Bound.TotalMilliseconds);
        return level == CapLevel.Session && _seen is { } token ? ReadLevel.Session(token) : ReadLevel.Eventual;
    }

    private async Task<CapOperation> WriteAsync(NodeClient node, CapOperation operation)
    {
        var key = KeyOf(level, side);
        if (level == CapLevel.Quorum)
        {
            var reply = await node.AddAsync(key, 1, Patience, CancellationToken.None);
            if (reply.Value is not { } counter)
                return Refused(operation, reply);
            if (key == CapTicks.Key)
                ticks.Acknowledged(counter.Value, clock());
            return operation with { End = CapEnd.Served, Value = counter.Value };
        }

        if (level == CapLevel.Available)
        {
            var accepted = await node.AddAcceptedAsync(key, 1, Patience, CancellationToken.None);
            return accepted.Value is null ? Refused(operation, accepted) : operation with { End = CapEnd.Served };
        }

        var placed = await node.AddProvisionallyAsync(key, 1, Patience, CancellationToken.None);
        return placed.Value is { } write ? operation with { End = CapEnd.Served, Position = write.Position } : Refused(operation, placed);
    }

    private static CapOperation Refused<T>(CapOperation operation, NodeReply<T> reply)
        where T : class
    {
        var isCertain = reply.NeverSent || reply.Problem is { Outcome: "rejected" };
        return operation with { End = isCertain ? CapEnd.Refused : CapEnd.Unknown, Code = reply.Problem?.Code };
    }
}
