using RaftStream.Raft.Core;
using RaftStream.Raft.Wire;

namespace RaftStream.Testing;

/// <summary>How a replica's log stands to what is committed.</summary>
internal enum LogRelation
{
    /// <summary>It holds nothing.</summary>
    Empty,

    /// <summary>It ends before the last committed entry, and agrees with what is committed.</summary>
    Prefix,

    /// <summary>It ends at the last committed entry.</summary>
    Equal,

    /// <summary>It holds all that is committed, and more.</summary>
    Ahead,

    /// <summary>It holds something else than what is committed.</summary>
    Diverged,
}

/// <summary>In what state a replica sees its configuration.</summary>
internal enum ConfigurationPhase
{
    /// <summary>Voters only, itself among them.</summary>
    Stable,

    /// <summary>Two sets of voters count.</summary>
    Joint,

    /// <summary>There is a learner.</summary>
    Learner,

    /// <summary>The replica is no voter of the next configuration, or no member.</summary>
    Leaving,

    /// <summary>The disks of the voters are not bound yet.</summary>
    Forming,
}

/// <summary>
/// Counters of everything that happens often: arrays by number, because they are touched at every event. They get names only when a run is over, as
/// part of its <see cref="EventCounts"/>.
/// </summary>
internal sealed class Coverage
{
    private const int Kinds = 16;
    private const int Roles = 4;
    private const int Relations = 5;
    private const int Phases = 5;
    private const int Moments = 3;
    private const int Results = 6;

    /// <summary>Frames that are no messages are counted behind the kinds of messages.</summary>
    private const int PieceBase = 10;

    private readonly long[] _sent = new long[Kinds];
    private readonly long[] _delivered = new long[Kinds];
    private readonly long[] _accepted = new long[Kinds];
    private readonly long[] _refused = new long[Kinds];
    private readonly long[] _refusals = new long[64];
    private readonly long[] _states = new long[Roles * Relations * Phases];
    private readonly long[] _recoveries = new long[IoPoints.Count * Moments * Results];

    /// <summary>Frames that met a cut.</summary>
    public long CutOff { get; set; }

    /// <summary>Frames that were lost.</summary>
    public long Lost { get; set; }

    /// <summary>Frames that were repeated.</summary>
    public long Duplicated { get; set; }

    /// <summary>Frames that were held for long.</summary>
    public long Delayed { get; set; }

    /// <summary>The kind of a frame as a number: a message's kind, or one behind them for a piece of a snapshot.</summary>
    public static int KindOf(ReadOnlySpan<byte> frame) =>
        frame.Length > 5 && frame[0] == (byte)PeerFrameType.Message ? Math.Min(frame[4], (byte)MessageKind.Stranger) : PieceBase + frame[0];

    /// <summary>What a kind is called.</summary>
    public static string NameOf(int kind) => kind <= (int)MessageKind.Stranger ? ((MessageKind)kind).ToString() : ((PeerFrameType)(kind - PieceBase)).ToString();

    /// <summary>A frame was sent.</summary>
    public void Sent(ReadOnlySpan<byte> frame) => _sent[KindOf(frame)]++;

    /// <summary>A frame arrived at a process.</summary>
    public void Delivered(ReadOnlySpan<byte> frame)
    {
        var kind = KindOf(frame);
        _delivered[kind]++;
        if ((MessageKind)kind is MessageKind.PreVoteReply or MessageKind.VoteReply or MessageKind.AppendReply or MessageKind.ReadIndexReply)
            ((frame[5] & 1) != 0 ? _accepted : _refused)[kind]++;
    }

    /// <summary>A caller was refused.</summary>
    public void Refused(Refusal refusal) => _refusals[(int)refusal & 63]++;

    /// <summary>A replica is in a state after an event.</summary>
    public void InState(Role role, LogRelation relation, ConfigurationPhase phase) =>
        _states[(((int)role * Relations) + (int)relation) * Phases + (int)phase]++;

    /// <summary>How a node started after a crash at a place.</summary>
    public void Recovered(int point, CrashMoment moment, RecoveryResult result) =>
        _recoveries[(((point * Moments) + (int)moment) * Results) + (int)result]++;

    /// <summary>Gives what was counted its names; what never happened gets none.</summary>
    public void AddTo(EventCounts counts, IEnumerable<SimNode> nodes)
    {
        var sent = 0L;
        for (var kind = 0; kind < Kinds; kind++)
        {
            sent += _sent[kind];
            Add(_sent[kind], () => $"sent {NameOf(kind)}");
            Add(_delivered[kind], () => $"delivered {NameOf(kind)}");
            Add(_accepted[kind], () => $"accepted {NameOf(kind)}");
            Add(_refused[kind], () => $"refused {NameOf(kind)}");
        }

        Add(sent, static () => "message sent");
        Add(CutOff, static () => "message cut off");
        Add(Lost, static () => "message lost");
        Add(Duplicated, static () => "message duplicated");
        Add(Delayed, static () => "message delayed");
        for (var refusal = 1; refusal < _refusals.Length; refusal++)
            Add(_refusals[refusal], () => $"refusal {(Refusal)refusal}");
        for (var state = 0; state < _states.Length; state++)
            Add(_states[state], () => $"state {(Role)(state / Phases / Relations)} {(LogRelation)(state / Phases % Relations)} {(ConfigurationPhase)(state % Phases)}");
        for (var point = 0; point < IoPoints.Count; point++)
            Add(nodes.Sum(node => node.Disk.Points[point] + node.Files.Points[point]), () => $"disk {IoPoints.NameOf(point)}");
        for (var point = 0; point < IoPoints.Count; point++)
            Add(_recoveries.AsSpan(point * Moments * Results, Moments * Results).ToArray().Sum(), () => $"crash at {IoPoints.NameOf(point)}");
        for (var place = 0; place < _recoveries.Length; place++)
            Add(_recoveries[place], () => $"crash {(CrashMoment)(place / Results % Moments)} {IoPoints.NameOf(place / Results / Moments)} -> {(RecoveryResult)(place % Results)}");

        void Add(long times, Func<string> name)
        {
            if (times > 0)
                counts.Add(name(), times);
        }
    }
}
