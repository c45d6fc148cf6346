using RaftStream.Testing;

namespace RaftStream.Raft.Tests.Torturing;

/// <summary>
/// A run as the lab makes them, from a seed and no cluster: three nodes, two minutes, partitions, kills, pauses, and two seconds in which nothing is
/// answered. The same on every machine.
/// </summary>
internal sealed class SampleRun
{
    private const long Second = 1_000_000_000;
    private const long Millisecond = 1_000_000;
    private static readonly string[] Kinds = ["partition-leader", "kill", "pause", "partition-one-way", "disk-slow", "power-cut", "clock-jump", "members"];

    private readonly SimRandom _random = new(42);
    private readonly List<RunOperation> _operations = [];
    private readonly List<RunFault> _faults = [];
    private readonly List<RunLeader> _leaders = [];

    /// <summary>When the outage begins and ends.</summary>
    public static (long From, long To) Outage { get; } = (60 * Second, 62 * Second);

    /// <summary>A run with something wrong, or a clean one.</summary>
    public static RunRecord Create(bool isViolated = false, int seconds = 120, int rate = 240) => new SampleRun().Run(isViolated, seconds, rate);

    /// <summary>A run in which nothing happened at all.</summary>
    public static RunRecord Empty() => new()
    {
        System = "RaftStream",
        Driver = "process",
        Nodes = 3,
        Seed = 1,
        Began = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero),
        Length = 0,
        Command = "raftstream-lab torture",
        Operations = [],
        Faults = [],
        Leaders = [],
        Checks = [],
        Invalid = [],
        NodeLogs = [],
    };

    private RunRecord Run(bool isViolated, int seconds, int rate)
    {
        var length = seconds * Second;
        Strike(length);
        for (var at = 0L; at < length; at += Second / rate)
            Ask(at + _random.Below(Second / rate), length);
        for (var key = 0; key < 12; key++)
            _operations.Add(new("register", 900 + key, 1, new($"r{key}", OperationFunction.Read), length + (key * Millisecond), length + (key * Millisecond) + (2 * Millisecond), new(AnswerKind.Ok, 7)));
        return Empty() with
        {
            Seed = 20_260_301,
            Length = length,
            Command = $"raftstream-lab torture --driver process --nodes 3 --workload all --nemesis all --time {seconds} --clients 10 --rate {rate} --seed 20260301 --out runs/sample",
            Operations = [.. _operations.OrderBy(static operation => operation.Completed)],
            Faults = _faults,
            Leaders = _leaders,
            Checks = Checks(isViolated),
            NodeLogs = ["node-1.log", "node-2.log", "node-3.log"],
        };
    }

    private void Strike(long length)
    {
        _leaders.Add(new(400 * Millisecond, 2, 0));
        for (var at = 6 * Second; at < length - (12 * Second); at += Second + _random.Below(4 * Second))
        {
            var kind = Kinds[_random.Below(Kinds.Length)];
            var node = 1 + _random.Below(3);
            var end = at + Second + _random.Below(4 * Second);
            _faults.Add(new(kind, $"{kind} of {node}", at, end, [node], kind != "clock-jump" || _random.Chance(0.5)));
            if (kind is "partition-leader" or "kill" or "pause" or "power-cut" && _random.Chance(0.6))
                _leaders.Add(new(at + (600 * Millisecond) + _random.Below(Second), 1 + (node % 3), 0));
            at = _random.Chance(0.3) ? at : end;
        }

        _faults.Add(new("partition-halves", "1 | 2 | 3", Outage.From - (300 * Millisecond), Outage.To - (200 * Millisecond), [1, 2, 3], true));
        _faults.Sort(static (one, other) => one.Began.CompareTo(other.Began));
        _leaders.Add(new(Outage.To - (50 * Millisecond), 3, 0));
        _leaders.Sort(static (one, other) => one.At.CompareTo(other.At));
        for (var term = 0; term < _leaders.Count; term++)
            _leaders[term] = _leaders[term] with { Term = term + 1 };
    }

    private void Ask(long at, long length)
    {
        var (workload, call) = Draw();
        var latency = (long)((0.8 + (2.4 * _random.NextUnit()) + (0.5 / (0.02 + _random.NextUnit()))) * Millisecond * (call.Function == OperationFunction.Read ? 0.6 : 1.4));
        var kind = AnswerKind.Ok;
        if (_faults.Exists(fault => at >= fault.Began && at < fault.Ended) && _random.Chance(0.12))
        {
            latency *= 5 + _random.Below(40);
            kind = _random.Chance(0.5) ? AnswerKind.Ok : _random.Chance(0.7) ? AnswerKind.Failed : AnswerKind.Unknown;
        }

        var elected = _leaders.Find(leader => at < leader.At && at > leader.At - (500 * Millisecond));
        if (elected is not null)
            latency = elected.At - at + (3 * Millisecond);
        var until = at + latency;
        if (kind == AnswerKind.Ok && until >= Outage.From && until < Outage.To)
            (kind, latency) = _random.Chance(0.3) ? (AnswerKind.Failed, 30 * Millisecond) : (AnswerKind.Unknown, Second);
        if (kind == AnswerKind.Unknown)
            latency = Second;
        if (at + latency < length)
            _operations.Add(new(workload, _random.Below(10), 1 + _random.Below(3), call, at, at + latency, new(kind, 1)));
    }

    private (string Workload, ClientCall Call) Draw()
    {
        var key = "k" + _random.Below(8);
        return _random.Below(8) switch
        {
            0 or 1 => ("register", new(key, OperationFunction.Read)),
            2 => ("register", new(key, OperationFunction.Write, 5)),
            3 => ("cas", new(key, OperationFunction.CompareAndSet, HistoryValue.List(1, 2))),
            4 => ("counter", new(key, OperationFunction.Add, 77)),
            5 => ("counter", new(key, OperationFunction.Read) { Level = "lease" }),
            6 => ("set", new(key, OperationFunction.Add, 9)),
            _ => ("append", new(key, OperationFunction.Append, 3)),
        };
    }

    private static List<RunCheck> Checks(bool isViolated) =>
    [
        isViolated
            ? new("register", "linearizable", Verdict.Illegal, "Nothing explains the answer to read k3 -> 5: the 41 operations answered before fit one order, and with that answer none fits.", 3.2) { Picture = "register-k3.html" }
            : new("register", "linearizable", Verdict.Linearizable, "8 keys, 9,871 operations.", 3.2),
        new("cas", "linearizable", Verdict.Linearizable, "8 keys, 3,204 operations.", 0.9),
        new("counter", "linearizable", Verdict.Linearizable, "8 keys, 6,000 operations.", 12.4),
        new("counter", "bounded staleness", Verdict.Linearizable, "3,120 reads, the oldest 212 ms behind.", 0.05),
        new("set", "lost, stale, never read", Verdict.Linearizable, "3,050 members, all read.", 0.02),
        new("all", "known-bad patterns in node logs", Verdict.Linearizable, "3 files, 4,211 lines.", 0.04),
    ];
}
