using RaftStream.Raft.Core;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// Cores under a schedule drawn from one seed: messages lost, repeated and in any order, disks slow, nodes crashing, the network cut.
/// The shadow checks watch every step. Afterwards everything is mended, and the cluster must get on with its work.
/// </summary>
internal sealed class RandomSchedule
{
    private const int MaxPool = 400;

    private static readonly CoreOptions Options = new()
    {
        ElectionTimeout = TimeSpan.FromMilliseconds(300),
        HeartbeatInterval = TimeSpan.FromMilliseconds(50),
        MaxAppendEntries = 4,
        MaxInflightAppends = 3,
        MaxUncommittedEntries = 40,
        MaxPendingReads = 8,
    };

    private readonly List<CoreHost> _hosts = [];
    private readonly List<Envelope> _pool = [];
    private readonly ShadowChecks _checks;
    private readonly int _crashPercent;
    private readonly int _lossPercent;
    private readonly int _timePercent;
    private readonly int _longestPause;
    private Prng _prng;
    private Instant _now = new(1_000_000);
    private ulong _cut;
    private long _texts;
    private long _readsAsked;

    public RandomSchedule(int nodes, ulong seed)
    {
        _prng = new(seed);
        _crashPercent = Below(4);
        _lossPercent = Below(20);
        _timePercent = 8 + Below(20);
        _longestPause = 100_000 + Below(900_000);
        var snapshots = new SnapshotCatalog();
        var configuration = new Configuration(Enumerable.Range(1, nodes).Select(id => new Member { Id = new(id), IsVoter = true, Disk = (ulong)id }));
        for (var id = 1; id <= nodes; id++)
            _hosts.Add(new(new(id), Options, configuration, _prng.Next(), snapshots));
        _checks = new(_hosts);
        foreach (var host in _hosts)
            Start(host);
    }

    public ShadowChecks Checks => _checks;

    /// <summary>Plays the schedule for a number of steps.</summary>
    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
            Disturb();
    }

    /// <summary>Mends everything and lets time pass. The virtual time until all nodes have applied a new proposal, or null if they did not.</summary>
    public TimeSpan? Recover(TimeSpan patience)
    {
        _cut = 0;
        foreach (var host in _hosts.Where(host => !host.IsUp))
            Start(host);
        var start = _now;
        var target = LogIndex.Zero;
        while (_now - start < patience)
        {
            _now += TimeSpan.FromMilliseconds(1);
            TickDue();
            foreach (var host in _hosts)
                CompleteWrites(host, host.Disk.NewestSequence);
            var batch = _pool.ToArray();
            _pool.Clear();
            foreach (var envelope in batch)
                Deliver(envelope);
            foreach (var host in _hosts.Where(host => host.Fetch is not null))
                Fetch(host);
            var leader = _hosts.Find(host => host.Core.OwnTermCommitted);
            if (target == LogIndex.Zero && leader is not null)
                target = Propose(leader);
            if (target != LogIndex.Zero && _hosts.TrueForAll(host => host.Core.Applied >= target))
                return _now - start;
        }

        return null;
    }

    private void Disturb()
    {
        var host = _hosts[Below(_hosts.Count)];
        if (Below(100) < _timePercent)
        {
            _now += TimeSpan.FromTicks(Below(_longestPause));
            TickDue();
            return;
        }

        switch (Below(100))
        {
            case < 60:
                DeliverAny();
                break;
            case < 78:
                if (host.IsUp && host.Disk.WritesUnderWay > 0)
                    CompleteWrites(host, host.Disk.OldestSequence + Below((int)(host.Disk.NewestSequence - host.Disk.OldestSequence) + 1));
                break;
            case < 88:
                foreach (var leader in _hosts.Where(candidate => candidate.IsUp && candidate.Core.Role == Role.Leader))
                    Propose(leader);
                break;
            case < 92:
                foreach (var leader in _hosts.Where(candidate => candidate.IsUp && candidate.Core.Role == Role.Leader))
                    Read(leader);
                break;
            case < 94:
                if (host.IsUp && host.Fetch is not null)
                    Fetch(host);
                break;
            case < 96:
                if (host.IsUp && host.Core.Applied > host.Core.Snapshot.Index)
                    host.TakeSnapshot(host.Core.Applied - Below(2), host.Core.Applied - 1 - Below(4));
                break;
            case < 98:
                CrashOrStart(host);
                break;
            default:
                _cut = Below(4) switch
                {
                    0 => AllOf(host.Id),
                    1 => _prng.Next() & _prng.Next(),
                    _ => 0,
                };
                break;
        }
    }

    private void CrashOrStart(CoreHost host)
    {
        if (!host.IsUp)
            Start(host);
        else if (Below(4) < _crashPercent)
            host.Crash();
    }

    private void DeliverAny()
    {
        if (_pool.Count == 0)
            return;
        var place = Below(4) == 0 ? Below(_pool.Count) : Below(Math.Min(_pool.Count, 6));
        var envelope = _pool[place];
        var fate = Below(100);
        if (fate >= 5)
            _pool.RemoveAt(place);
        if (fate < 100 - _lossPercent)
            Deliver(envelope);
    }

    private void Deliver(Envelope envelope)
    {
        var host = Find(envelope.Message.To);
        if (!host.IsUp || IsCut(envelope.Message.From, envelope.Message.To))
            return;
        host.Receive(_now, envelope);
        After(host);
    }

    /// <summary>A cut is 64 random bits, one for each direction of each pair: one-way cuts and bridges included.</summary>
    private bool IsCut(NodeId from, NodeId to) => (_cut >> ((from.Value * 8) + to.Value) & 1) != 0;

    private static ulong AllOf(NodeId node)
    {
        var links = 0xFFUL << (node.Value * 8);
        for (var other = 0; other < 8; other++)
            links |= 1UL << ((other * 8) + node.Value);
        return links;
    }

    private void Start(CoreHost host)
    {
        host.Start(_now);
        _checks.Restarted(host);
    }

    private void TickDue()
    {
        foreach (var host in _hosts)
        {
            if (!host.IsUp || host.Core.Output.NextDeadline > _now)
                continue;
            host.Tick(_now);
            After(host);
        }
    }

    private void CompleteWrites(CoreHost host, long upTo)
    {
        if (host.Disk.WritesUnderWay == 0)
            return;
        host.CompleteWrites(_now, upTo);
        After(host);
    }

    private LogIndex Propose(CoreHost host)
    {
        var proposed = host.Propose(_now, $"{_texts++}", $"{_texts++}");
        After(host);
        return proposed.Refusal == Refusal.None ? proposed.First.Next : LogIndex.Zero;
    }

    private void Read(CoreHost host)
    {
        _checks.ReadAsked(host, ++_readsAsked);
        host.Read(_now, _readsAsked);
        After(host);
    }

    private void Fetch(CoreHost host)
    {
        host.ReceiveSnapshot(_now, host.Fetch!.Value.Position);
        After(host);
    }

    private void After(CoreHost host)
    {
        if (host.Core.Output.Fault != CoreFault.None)
            throw new AssertionException($"{host.Id} halts with {host.Core.Output.Fault} though nothing was damaged.");
        _checks.Observe(host);
        foreach (var envelope in host.Outbox)
        {
            _checks.Leaves(host, envelope);
            _pool.Add(envelope);
        }

        host.Outbox.Clear();
        if (_pool.Count > MaxPool)
            _pool.RemoveRange(0, _pool.Count - MaxPool);
    }

    private CoreHost Find(NodeId id) => _hosts[id.Value - 1];

    private int Below(int bound) => (int)(_prng.Next() % (ulong)bound);
}
