using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// Sees true time, which no node does, and judges by it what nodes conclude from their own clocks, each of which runs too fast or too slow
/// by up to the drift bound: leases and bounded staleness.
/// </summary>
internal sealed class TimeOracle(CoreOptions options)
{
    /// <summary>Clocks show whole ticks, so that two readings of one may be off by this much.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMicroseconds(1);

    private readonly Dictionary<NodeId, Clock> _clocks = [];
    private readonly List<(Instant At, int Count)> _committed = [(default, 0)];

    /// <summary>True time.</summary>
    public Instant Now { get; private set; } = new(1_000_000);

    /// <summary>Moments at which a lease was judged.</summary>
    public int LeasesSeen { get; private set; }

    /// <summary>Moments at which a bound was judged.</summary>
    public int BoundsSeen { get; private set; }

    /// <summary>True time passes.</summary>
    public void Pass(TimeSpan time) => Now += time;

    /// <summary>A node gets a clock of its own rate, -1 to 1 times the drift bound off, beginning somewhere.</summary>
    public void Set(NodeId node, double off, TimeSpan begin) => _clocks[node] = new(Now, new Instant(0) + begin, 1 + (off * options.MaxDrift));

    /// <summary>What a node's clock shows.</summary>
    public Instant At(NodeId node)
    {
        var clock = _clocks[node];
        return clock.Shown + ((Now - clock.Set) * clock.Rate);
    }

    /// <summary>So many entries are committed by now.</summary>
    public void Committed(int count)
    {
        if (_committed[^1].Count < count)
            _committed.Add((Now, count));
    }

    /// <summary>No two nodes may hold leases of different terms at one moment, and who holds one must know of all that is committed.</summary>
    public void JudgeLeases(IEnumerable<CoreHost> hosts)
    {
        CoreHost? holder = null;
        foreach (var host in hosts)
        {
            if (!host.IsUp || host.Core.Role != Role.Leader || host.Core.ReadByLease(At(host.Id)) != Refusal.None)
                continue;
            LeasesSeen++;
            if (holder is not null)
                throw new AssertionException($"{holder.Id} in term {holder.Core.Term} and {host.Id} in term {host.Core.Term} hold leases at once.");
            if (host.Core.Commit.Value < _committed[^1].Count)
                throw new AssertionException($"{host.Id} would read by its lease of term {host.Core.Term} at {host.Core.Commit}, and {_committed[^1].Count} entries are committed.");
            holder = host;
        }
    }

    /// <summary>A node that says "at most so old at this index" must know of all that was committed before then.</summary>
    public void JudgeBound(CoreHost host)
    {
        if (!host.IsUp || host.Core.FreshnessAt(At(host.Id)) is not var (age, index))
            return;
        BoundsSeen++;
        var from = Now - age - Tick;
        var place = _committed.FindLastIndex(fact => fact.At < from);
        if (place >= 0 && index.Value < _committed[place].Count)
            throw new AssertionException($"{host.Id} ({host.Core.Role} of term {host.Core.Term}, commit {host.Core.Commit}, {CoreText.Members(host.Core.Membership.Current)}) calls {index} at most {age.TotalMilliseconds} ms old, and {_committed[place].Count} entries were committed before that.");
    }

    private readonly record struct Clock(Instant Set, Instant Shown, double Rate);
}
