using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// Cores under a schedule drawn from one seed: messages lost, repeated and in any order, disks slow, full or lost, nodes crashing, clocks
/// drifting, the network cut, members coming and going, leadership handed over. The shadow checks and the time oracle watch every
/// step. Afterwards everything is mended, and the cluster must get on with its work.
/// </summary>
internal sealed class RandomSchedule
{
    private const int MaxPool = 400;
    private const int MaxNodes = 7;

    /// <summary>A drift of a tenth, far more than any clock's, so that a formula that forgets it is found.</summary>
    private static readonly CoreOptions Options = new()
    {
        ElectionTimeout = TimeSpan.FromMilliseconds(300),
        HeartbeatInterval = TimeSpan.FromMilliseconds(50),
        MaxAppendEntries = 4,
        MaxInflightAppends = 3,
        MaxUncommittedEntries = 40,
        MaxPendingReads = 8,
        MaxDrift = 0.1,
        CaughtUpBytes = 120,
    };

    private readonly List<CoreHost> _hosts = [];
    private readonly List<Envelope> _pool = [];
    private readonly SnapshotCatalog _snapshots = new();
    private readonly TimeOracle _time = new(Options);
    private readonly ShadowChecks _checks;
    private readonly RandomOperator _operator;
    private readonly RandomLinks _links;
    private readonly int _crashPercent;
    private readonly int _lossPercent;
    private readonly int _timePercent;
    private readonly int _changePercent;
    private readonly int _longestPause;
    private readonly int _badPercent;
    /// <summary>Some seeds lose nothing, take small steps in time, and now and then cut a leader off for about as long as a lease lasts.</summary>
    private readonly bool _isHunt;

    private Prng _prng;
    private long _texts;
    private long _readsAsked;

    public RandomSchedule(int nodes, ulong seed)
    {
        _prng = new(seed);
        _crashPercent = Below(4);
        _lossPercent = Below(20);
        _timePercent = 8 + Below(20);
        _changePercent = Below(3) * 16;
        _longestPause = Below(3) switch { 0 => 1_000_000, 1 => 200_000, _ => 50_000 };
        _badPercent = Below(3) * 2;
        _isHunt = Below(3) == 0;
        if (_isHunt)
            (_lossPercent, _crashPercent, _timePercent, _changePercent, _longestPause) = (0, 0, 20, 1, 100_000);
        _checks = new(_hosts);
        _operator = new(_hosts, MaxNodes, Below);
        _links = new(() => _prng.Next());
        var isNew = Below(2) == 0;
        var configuration = new Configuration(Enumerable.Range(1, nodes).Select(id => new Member { Id = new(id), IsVoter = true, Disk = isNew ? 0 : (ulong)id }));
        for (var id = 1; id <= nodes; id++)
            Add(new(id), configuration);
    }

    public ShadowChecks Checks => _checks;

    public TimeOracle Time => _time;

    public RandomOperator Operator => _operator;

    /// <summary>Plays the schedule for a number of steps.</summary>
    public void Run(int steps)
    {
        for (var step = 0; step < steps; step++)
            Disturb();
    }

    /// <summary>Mends everything and lets time pass. The true time until all members have applied a new proposal, or null if they did not.</summary>
    public TimeSpan? Recover(TimeSpan patience)
    {
        _links.Heal();
        foreach (var host in _hosts.Where(host => !host.IsUp && !host.HasHalted))
            Start(host);
        foreach (var host in _hosts.Where(host => host.IsUp))
            Fill(host, isFull: false);
        var start = _time.Now;
        var (target, term) = (LogIndex.Zero, Term.Zero);
        while (_time.Now - start < patience)
        {
            _time.Pass(TimeSpan.FromMilliseconds(1));
            TickDue();
            foreach (var host in _hosts.Where(host => host.IsUp))
                CompleteWrites(host, host.Disk.NewestSequence);
            var batch = _pool.ToArray();
            _pool.Clear();
            foreach (var envelope in batch)
                Deliver(envelope);
            foreach (var host in _hosts.Where(host => host is { IsUp: true, Fetch: not null }))
                Fetch(host);
            var leader = _hosts.Find(host => host.IsUp && host.Core.OwnTermCommitted);
            if (leader is not null && (target == LogIndex.Zero || term != leader.Core.Term))
                (target, term) = (Propose(leader), leader.Core.Term);
            if (leader is not null && target != LogIndex.Zero && HasRecovered(leader.Core.Membership, target))
                return _time.Now - start;
        }

        return null;
    }

    /// <summary>All members but one whose disk was lost have applied the target, and no change is under way.</summary>
    private bool HasRecovered(Membership members, LogIndex target) => !members.Current.IsJoint && members.Current.Members.All(member =>
        Find(member.Id) is var host && (host.Disk.Lost is not null || (host.IsUp && host.Core.Applied >= target)));

    private void Add(NodeId id, Configuration configuration)
    {
        var host = new CoreHost(id, Options, configuration, _prng.Next(), _snapshots);
        _hosts.Add(host);
        _time.Set(id, Below(5) switch { 0 => -1, 1 => 1, _ => (Below(2_001) - 1_000) / 1_000.0 }, TimeSpan.FromSeconds(Below(1_000_000)));
        Start(host);
    }

    private void Disturb()
    {
        var host = _hosts[Below(_hosts.Count)];
        if (Below(100) < _timePercent)
        {
            _time.Pass(TimeSpan.FromTicks(Below(_longestPause)));
            _time.JudgeLeases(_hosts);
            TickDue();
        }
        else if (Below(100) < _changePercent)
        {
            Operate(host);
        }
        else
        {
            Disturb(host, Below(100));
        }

        _time.JudgeLeases(_hosts);
        _time.JudgeBound(host);
    }

    private void Disturb(CoreHost host, int what)
    {
        switch (what)
        {
            case < 60:
                DeliverAny();
                break;
            case < 78:
                if (host.IsUp && host.Disk.WritesUnderWay > 0)
                    CompleteWrites(host, host.Disk.OldestSequence + Below((int)(host.Disk.NewestSequence - host.Disk.OldestSequence) + 1));
                break;
            case < 88:
                foreach (var leader in Leaders())
                    Propose(leader);
                break;
            case < 92:
                if (host.IsUp)
                    Read(host);
                break;
            case < 94:
                if (host is { IsUp: true, Fetch: not null })
                    Fetch(host);
                break;
            case < 98 when what < 96 || Below(6) >= _badPercent:
                if (host.IsUp && host.Core.Applied > host.Core.Snapshot.Index)
                    host.TakeSnapshot(host.Core.Applied - Below(2), host.Core.Applied - 1 - Below(4));
                break;
            case < 98:
                CrashOrStart(host);
                break;
            case 98 when Below(6) >= _badPercent:
                _links.Heal();
                CrashOrStart(host, mayCrash: false);
                break;
            default:
                if (!_isHunt || Below(6) == 0)
                    Cut(host);
                break;
        }
    }

    private void Cut(CoreHost host)
    {
        var leader = Leaders().FirstOrDefault() ?? host;
        var what = Below(_isHunt ? 8 : 16);
        if (what == 0 && leader.IsUp)
        {
            leader.Transfer(_time.At(leader.Id), NodeId.None);
            After(leader);
        }

        if (_isHunt && Below(2) == 0)
            _links.Heal();
        else
            _links.Cut(what, leader.Id, host.Id);
    }

    private void Operate(CoreHost host)
    {
        var what = Below(20);
        if (what == 0 && !host.HasHalted)
            _operator.TryLoseDisk(host, _checks.Committed);
        if (what == 1 && host.IsUp)
            Fill(host, isFull: Below(4) == 0);
        if (what == 2)
        {
            foreach (var full in _hosts.Where(static full => full.IsUp))
                Fill(full, isFull: false);
        }

        foreach (var leader in Leaders())
        {
            if (what is 3 or 4)
            {
                _operator.HandedOver(leader.Transfer(_time.At(leader.Id), _operator.Heir(leader)));
                After(leader);
            }
            else if (_operator.Wish(leader) is { } wish)
            {
                if (wish.Kind == MemberChangeKind.Add && !_hosts.Exists(known => known.Id == wish.Id))
                    Add(wish.Id, Configuration.Empty);
                _operator.Took(leader.Change(_time.At(leader.Id), wish));
                After(leader);
            }
        }
    }

    private List<CoreHost> Leaders() => _hosts.FindAll(static host => host.IsUp && host.Core.Role == Role.Leader);

    private void Fill(CoreHost host, bool isFull)
    {
        host.StorageFull(_time.At(host.Id), isFull);
        After(host);
    }

    private void CrashOrStart(CoreHost host, bool mayCrash = true)
    {
        if (!host.IsUp && !host.HasHalted)
            Start(host);
        else if (host.IsUp && mayCrash && Below(4) < _crashPercent)
            host.Crash();
    }

    private void DeliverAny()
    {
        if (_pool.Count == 0)
            return;
        var place = Below(4) == 0 ? Below(_pool.Count) : Below(Math.Min(_pool.Count, 6));
        var envelope = _pool[place];
        if (_links.Holds(envelope.Message))
            return;
        var fate = Below(100);
        if (fate >= 5)
            _pool.RemoveAt(place);
        if (fate < 100 - _lossPercent)
            Deliver(envelope);
    }

    private void Deliver(Envelope envelope)
    {
        var host = Find(envelope.Message.To);
        if (!host.IsUp || _links.Lose(envelope.Message))
            return;
        host.Receive(_time.At(host.Id), envelope);
        After(host);
    }

    private void Start(CoreHost host)
    {
        host.Start(_time.At(host.Id));
        _checks.Restarted(host);
    }

    private void TickDue()
    {
        foreach (var host in _hosts)
        {
            if (!host.IsUp || host.Core.Output.NextDeadline > _time.At(host.Id))
                continue;
            host.Tick(_time.At(host.Id));
            After(host);
        }
    }

    private void CompleteWrites(CoreHost host, long upTo)
    {
        if (host.Disk.WritesUnderWay == 0)
            return;
        host.CompleteWrites(_time.At(host.Id), upTo);
        After(host);
    }

    private LogIndex Propose(CoreHost host)
    {
        var proposed = host.Propose(_time.At(host.Id), $"{_texts++}", $"{_texts++}");
        After(host);
        return proposed.Refusal == Refusal.None ? proposed.First.Next : LogIndex.Zero;
    }

    private void Read(CoreHost host)
    {
        _checks.ReadAsked(host, ++_readsAsked);
        host.Read(_time.At(host.Id), _readsAsked);
        After(host);
    }

    private void Fetch(CoreHost host)
    {
        host.ReceiveSnapshot(_time.At(host.Id), host.Fetch!.Value.Position);
        After(host);
    }

    private void After(CoreHost host)
    {
        var fault = host.Core.Output.Fault;
        var isDue = fault switch
        {
            CoreFault.Removed => _checks.Members.IsGone(host.Id),
            CoreFault.OtherDisk or CoreFault.AcknowledgedEntriesLost => host.Disk.Lost is not null,
            _ => fault == CoreFault.None,
        };
        if (!isDue)
            throw new AssertionException($"{host.Id} halts with {fault} though nothing calls for it.");
        _checks.Observe(host);
        _time.Committed(_checks.Committed);
        foreach (var envelope in host.Outbox)
        {
            _checks.Leaves(host, envelope);
            _pool.Add(envelope);
        }

        host.Outbox.Clear();
        if (_pool.Count > MaxPool)
            _pool.RemoveRange(0, _pool.Count - MaxPool);
        if (fault != CoreFault.None)
            host.Halt();
    }

    private CoreHost Find(NodeId id) => _hosts[id.Value - 1];

    private int Below(int bound) => (int)(_prng.Next() % (ulong)bound);
}
