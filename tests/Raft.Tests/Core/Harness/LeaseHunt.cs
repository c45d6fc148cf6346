using RaftStream.Raft.Core;
using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Core;

/// <summary>
/// Hunts for a lease that outlives its promise: a leader with a clock of its own rate is cut off while answers to it are held up for about
/// as long as a lease lasts, and the others, whose clocks run otherwise, elect and commit as soon as they may. True time passes in
/// steps of a millisecond, and after each the oracle asks everybody.
/// </summary>
internal sealed class LeaseHunt
{
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(1);

    private static readonly CoreOptions Options = new()
    {
        ElectionTimeout = TimeSpan.FromMilliseconds(300),
        HeartbeatInterval = TimeSpan.FromMilliseconds(30),
        MaxDrift = 0.1,
    };

    private readonly List<CoreHost> _hosts = [];
    private readonly List<(Instant At, Envelope Envelope)> _flying = [];
    private readonly TimeOracle _time = new(Options);
    private readonly ShadowChecks _checks;
    private Prng _prng;
    private NodeId _cutOff;
    private Instant _deafUntil;
    private Instant _muteFrom = Instant.Never;
    private long _texts;

    public LeaseHunt(int nodes, ulong seed)
    {
        _prng = new(seed);
        _checks = new(_hosts);
        var members = new Configuration(Enumerable.Range(1, nodes).Select(id => new Member { Id = new(id), IsVoter = true, Disk = (ulong)id }));
        for (var id = 1; id <= nodes; id++)
        {
            _hosts.Add(new(new(id), Options, members, _prng.Next(), new()));
            _time.Set(new(id), Below(2) == 0 ? -1 : 1, TimeSpan.FromSeconds(Below(1_000)));
            _hosts[^1].Start(_time.At(new(id)));
            _checks.Restarted(_hosts[^1]);
        }
    }

    public TimeOracle Time => _time;

    /// <summary>How often another leader committed while the one before was cut off.</summary>
    public int Overthrown { get; private set; }

    /// <summary>One cut: calm; then a leader that hears late what is said until a moment, and after that neither hears nor is heard; and calm again.</summary>
    public void CutOnce()
    {
        Pass(700 + Below(300));
        if (_hosts.Find(static host => host.Core.OwnTermCommitted) is not { } leader)
            return;
        var before = _checks.Committed;
        (_cutOff, _deafUntil, _muteFrom) = (leader.Id, _time.Now + (Below(400) * Step), _time.Now + (Below(80) * Step));
        if (Below(4) == 0)
        {
            leader.Transfer(_time.At(leader.Id), NodeId.None);
            After(leader);
        }

        Pass(900);
        Overthrown += _checks.Committed > before && _hosts.Exists(host => host != leader && host.Core.OwnTermCommitted) ? 1 : 0;
        (_cutOff, _muteFrom) = (NodeId.None, Instant.Never);
    }

    private void Pass(int steps)
    {
        for (; steps > 0; steps--)
        {
            _time.Pass(Step);
            _time.JudgeLeases(_hosts);
            foreach (var host in _hosts)
            {
                if (host.Core.Output.NextDeadline <= _time.At(host.Id))
                    Do(host, now => host.Tick(now));
                if (host.Core.OwnTermCommitted && Below(10) == 0)
                    Do(host, now => host.Propose(now, $"{_texts++}"));
                if (host.Disk.WritesUnderWay > 0)
                    Do(host, now => host.CompleteWrites(now, host.Disk.NewestSequence));
            }

            Deliver();
            _time.JudgeLeases(_hosts);
            foreach (var host in _hosts)
                _time.JudgeBound(host);
        }
    }

    private void Deliver()
    {
        var due = _flying.FindAll(flying => flying.At <= _time.Now);
        _flying.RemoveAll(flying => flying.At <= _time.Now);
        foreach (var (_, envelope) in due)
        {
            var host = _hosts[envelope.Message.To.Value - 1];
            Do(host, now => host.Receive(now, envelope));
        }
    }

    private void Do(CoreHost host, Action<Instant> input)
    {
        input(_time.At(host.Id));
        After(host);
    }

    private void After(CoreHost host)
    {
        _checks.Observe(host);
        _time.Committed(_checks.Committed);
        foreach (var envelope in host.Outbox)
        {
            _checks.Leaves(host, envelope);
            if (_time.Now >= _muteFrom && (host.Id == _cutOff || envelope.Message.To == _cutOff))
                continue;
            var arrives = _time.Now + (Below(3) * Step);
            _flying.Add((envelope.Message.To == _cutOff && arrives < _deafUntil ? _deafUntil : arrives, envelope));
        }

        host.Outbox.Clear();
    }

    private int Below(int bound) => (int)(_prng.Next() % (ulong)bound);
}
