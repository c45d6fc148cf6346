using RaftStream.Raft.Core;

namespace RaftStream.Testing;

/// <summary>
/// One node of an exploration: a real core, its disk, the writes under way and the messages that wait for them. Everything here follows from the
/// inputs alone, so that a state is known by the inputs that led to it.
/// </summary>
/// <remarks>
/// Time is taken out of it. A node that does not lead gets each input long after the one before, so that no refusal on behalf of a leader heard
/// lately ever holds, and its timer may end at any moment: real clocks allow no more than that. A leader gets its inputs in quick succession, so
/// that it leads until it is deposed or its election timer is played, which stands for not having heard a quorum.
/// A node that cannot crash any more completes every write at once: a slow disk then delays what a slow network could as well. One that can
/// completes at once what nobody saw a sign of: to crash before that is to crash before the input. Only what a leader writes is seen before it is
/// on disk, in its appends; so its writes are completed one by one, and so are those behind them in its queue when it leads no more.
/// </remarks>
internal sealed class NodeModel
{
    private static readonly CoreOptions Defaults = new() { ElectionTimeout = TimeSpan.FromHours(1), HeartbeatInterval = TimeSpan.FromMilliseconds(1), MaxInflightAppends = 8 };

    /// <summary>Long enough for every timer of a node that does not lead.</summary>
    private static readonly TimeSpan LongTime = 10 * Defaults.ElectionTimeout;
    private static readonly TimeSpan ShortTime = TimeSpan.FromTicks(1);

    private readonly ExplorerOptions _options;
    private readonly CoreOptions _coreOptions;
    private readonly int _id;
    private readonly List<DiskWrite> _writes = [];
    private readonly List<(Envelope Envelope, long After)> _held = [];
    private readonly NodeAccount? _account;
    private RaftCore _core;
    private DiskImage _disk = new();
    private DiskImage _diskBefore = new();
    private Instant _clock;
    private long _campaign;
    private NodeChecks _checks;

    public NodeModel(ExplorerOptions options, int id, int crashes, NodeAccount? account = null)
    {
        (_options, _id, CrashesLeft, _account) = (options, id, crashes, account);
        _coreOptions = Defaults with { MaxAppendEntries = options.Batch };
        _core = NewCore();
        _checks = NodeChecks.Of(_core);
    }

    public int CrashesLeft { get; private set; }

    public bool HasWrites => _writes.Count > 0;

    public RaftCore Core => _core;

    /// <summary>What the last input sent, as it stands in the network: without what only rounds, leases and freshness need.</summary>
    public List<Envelope> Sent { get; } = [];

    /// <summary>An equal node.</summary>
    public NodeModel Clone()
    {
        var clone = new NodeModel(_options, _id, CrashesLeft);
        _core.CopyTo(clone._core);
        clone._writes.AddRange(_writes);
        clone._held.AddRange(_held);
        (clone._disk, clone._diskBefore) = (_disk.Clone(), _diskBefore);
        (clone._clock, clone._campaign, clone._checks) = (_clock, _campaign, _checks);
        return clone;
    }

    /// <summary>Gives the node an input; <see cref="Sent"/> and the node's new state are what comes of it. Throws where a promise is broken.</summary>
    public void Apply(NodeInput input, KnownMessage? message)
    {
        Sent.Clear();
        var isAtOnce = _writes.Count == 0;
        switch (input.Kind)
        {
            case NodeInputKind.Beat:
                _clock = Later(_core.Output.NextDeadline);
                Do(core => core.Tick(_clock));
                break;
            case NodeInputKind.Resend:
                Resend();
                break;
            case NodeInputKind.Propose:
                _clock += ShortTime;
                Do(core => core.Propose(_clock, [new(EntryKind.Command, 1)]));
                break;
            case NodeInputKind.Sync:
                CompleteWrite();
                break;
            case NodeInputKind.Crash:
                Crash();
                break;
            case NodeInputKind.Timeout:
                TimeOut(input.Peer);
                break;
            case NodeInputKind.Notice:
                Receive(new() { Kind = MessageKind.PreVoteReply, From = new(input.Peer), To = new(_id), Term = new(input.Argument), Disk = (ulong)input.Peer }, [], []);
                break;
            case NodeInputKind.Change:
                _clock += ShortTime;
                Do(core => core.Change(_clock, _options.MemberChanges()[input.Argument]));
                break;
            default:
                // A candidacy of another life may have had the same number.
                var delivered = message!.Envelope.Message;
                Receive(delivered.Kind == MessageKind.VoteReply ? delivered with { Round = _campaign } : delivered, message.Shapes, message.Configurations);
                break;
        }

        while (_writes.Count > 0 && (CrashesLeft == 0 || (isAtOnce && _core.Role != Role.Leader)))
            CompleteWrite();
        NodeChecks.AtRest(_core, _writes.Count == 0 ? _disk : null);
    }

    /// <summary>What the search must know of this state.</summary>
    public NodeFacts Facts()
    {
        var log = default(PackedLog);
        for (var index = LogIndex.Zero.Next; index <= _core.Log.Last.Index; index = index.Next)
            log = log.With(_core.Log.ShapeAt(index));
        var matches = new int[_core.Role == Role.Leader ? _options.Nodes + 1 : 0];
        foreach (var member in _core.Membership.Current.Members)
        {
            if (matches.Length > 0 && member.Id.Value != _id)
                matches[member.Id.Value] = (int)_core.ProgressOf(member.Id).Match.Value;
        }

        return new()
        {
            Node = _id,
            Term = (int)_core.Term.Value,
            DurableTerm = (int)_disk.HardState.Term.Value,
            DurableVote = _disk.HardState.Vote.Value,
            Role = _core.Role,
            Commit = (int)_core.Commit.Value,
            Log = log,
            Durable = _disk.Entries.Aggregate(default(PackedLog), static (packed, entry) => packed.With(entry.Shape)),
            Members = _core.Membership.Current,
            Matches = matches,
            HasWrites = _writes.Count > 0,
            CrashesLeft = CrashesLeft,
            IsHalted = _core.Output.Fault != CoreFault.None,
        };
    }

    /// <summary>The state in 64 bits: equal for nodes that will act alike.</summary>
    public ulong Fingerprint()
    {
        var fingerprint = default(Fingerprint);
        fingerprint.Add(_id);
        fingerprint.Add((long)_core.Fingerprint());
        fingerprint.Add(CrashesLeft);
        if (CrashesLeft == 0)
            return fingerprint.Value; // The disk holds just what the core knows.
        Add(ref fingerprint, _disk);
        if (_options.LyingDisks)
            Add(ref fingerprint, _diskBefore);
        foreach (var write in _writes)
        {
            fingerprint.Add(write.HardState is { } state ? (state.Term.Value << 8) | (uint)state.Vote.Value : -1);
            fingerprint.Add(write.AppendFirst.Value);
            foreach (var entry in write.Entries)
                KnownMessages.Add(ref fingerprint, entry);
            foreach (var (envelope, after) in _held)
            {
                if (after == write.Sequence)
                    fingerprint.Add((long)KnownMessages.HashOf(envelope));
            }
        }

        fingerprint.Add(_writes.Count);
        return fingerprint.Value;
    }

    private static void Add(ref Fingerprint fingerprint, DiskImage disk)
    {
        fingerprint.Add(disk.HardState.Term.Value);
        fingerprint.Add(disk.HardState.Vote.Value);
        fingerprint.Add(disk.Entries.Count);
        foreach (var entry in disk.Entries)
            KnownMessages.Add(ref fingerprint, entry);
    }

    private RaftCore NewCore()
    {
        var recovery = new CoreRecovery(_disk.HardState, LogPosition.Zero, LogPosition.Zero, _disk.Entries.Select(static entry => entry.Shape))
        {
            Configurations = _disk.ConfigurationsBehind(LogIndex.Zero),
            Disk = (ulong)_id,
        };
        return new(_coreOptions, _options.Members(), new(_id), recovery, seed: 1, _clock);
    }

    private Instant Later(Instant due)
    {
        var soon = _clock + ShortTime;
        return due > soon ? due : soon;
    }

    private void Receive(in Message message, EntryShape[] entries, Configuration[] configurations)
    {
        _clock += _core.Role == Role.Leader ? ShortTime : LongTime;
        _core.Receive(_clock, message, entries, configurations);
        Drain();
    }

    private void Do(Action<RaftCore> input)
    {
        input(_core);
        Drain();
    }

    /// <summary>
    /// A leader that heard nobody gives up first. Then peers grant the pre-vote, whatever they think: a pre-vote only keeps nodes from standing that
    /// could not win, so one that is always granted allows all that could happen, and more.
    /// </summary>
    private void TimeOut(int grantor)
    {
        for (var attempt = 0; attempt < 3 && _core.Role is not (Role.PreCandidate or Role.Candidate) && _core.Output.Fault == CoreFault.None; attempt++)
        {
            _clock += LongTime;
            Do(core => core.Tick(_clock));
        }

        for (var turn = 0; turn < _options.Nodes && _core.Role == Role.PreCandidate; turn++)
        {
            var peer = ((grantor - 1 + turn) % _options.Nodes) + 1;
            if (peer != _id)
                Receive(new() { Kind = MessageKind.PreVoteReply, From = new(peer), To = new(_id), Term = _core.Term, Round = _campaign, Accepted = true, Disk = (ulong)peer }, [], []);
        }
    }

    /// <summary>Peers answered something lately, so that the leader goes on, but not what it waits for.</summary>
    private void Resend()
    {
        _clock += 0.6 * Defaults.ElectionTimeout;
        foreach (var member in _core.Membership.Current.Members)
        {
            if (member.Id.Value != _id)
                Do(core => core.Receive(_clock, new() { Kind = MessageKind.AppendReply, From = member.Id, To = new(_id), Term = core.Term, Match = new(1L << 40), Round = 1, Disk = member.Disk }, []));
        }

        Do(core => core.Tick(_clock));
    }

    private void Crash()
    {
        CrashesLeft--;
        if (_options.LyingDisks)
            _disk = _diskBefore.Clone();
        _writes.Clear();
        _held.Clear();
        _clock += LongTime;
        _campaign = 0;
        _core = NewCore();
        _checks = NodeChecks.Of(_core);
        _account?.Restarted(_core, _disk);
    }

    private void CompleteWrite()
    {
        var write = _writes[0];
        _writes.RemoveAt(0);
        _diskBefore = _options.LyingDisks && CrashesLeft > 0 ? _disk.Clone() : _diskBefore;
        _disk.Apply(write);
        _account?.Completed(_id, write);
        foreach (var (envelope, _) in _held.FindAll(held => held.After <= write.Sequence))
            Leave(envelope);
        _held.RemoveAll(held => held.After <= write.Sequence);
        _clock += _core.Role == Role.Leader ? ShortTime : LongTime;
        Do(core => core.LogDurable(_clock, write.Sequence));
    }

    /// <summary>Does what the core asks for.</summary>
    private void Drain()
    {
        var output = _core.Output;
        DiskWrite? write = null;
        if (output.WriteSequence != 0)
            _writes.Add(write = new(output.WriteSequence, output.HardState, output.Install, null, output.AppendFirst, Entries(output.AppendFirst, output.AppendCount)));
        _checks.AfterInput(_core);
        _account?.Tell(_core, write);
        foreach (var (message, after) in output.Messages)
        {
            if (message.Kind == MessageKind.PreVote)
                _campaign = message.Round;
            var envelope = new Envelope(message, Entries(message.Position.Index.Next, message.Count));
            if (after == 0 || !IsPlayed(message))
                Leave(envelope);
            else if (!_held.Exists(held => KnownMessages.HashOf(held.Envelope) == KnownMessages.HashOf(envelope)))
                _held.Add((envelope, after)); // What waits already leaves no later, and once is enough.
        }

        if (output.ApplyTo > _core.Applied)
            _core.AppliedTo(output.ApplyTo);
    }

    /// <summary>Entries of the core's log, with the configurations among them.</summary>
    private EntryRecord[] Entries(LogIndex first, int count)
    {
        var entries = new EntryRecord[count];
        for (var place = 0; place < count; place++)
        {
            var shape = _core.Log.ShapeAt(first + place);
            var members = shape.Kind == EntryKind.Configuration ? _core.Membership.At(first + place).Configuration : null;
            entries[place] = new(shape, shape.Kind switch { EntryKind.Noop => "noop", EntryKind.Configuration => CoreText.Members(members!), _ => "x" }, members);
        }

        return entries;
    }

    /// <summary>
    /// Whether a message enters the network. Not so where something else stands for it: pre-votes are granted as they are asked, a refusal tells
    /// nothing but a term, which every node may hear at any time, and an empty append before the first commit tells nothing but who leads.
    /// </summary>
    private static bool IsPlayed(in Message message) => message.Kind switch
    {
        MessageKind.PreVote or MessageKind.PreVoteReply => false,
        MessageKind.VoteReply => message.Accepted,
        MessageKind.AppendReply => message.Accepted || message.Round != 0,
        MessageKind.Append => message.Count > 0 || message.Commit > LogIndex.Zero,
        _ => true,
    };

    private void Leave(Envelope envelope)
    {
        var message = envelope.Message;
        _account?.Leaves(envelope);
        if (!IsPlayed(message))
            return;
        NodeChecks.Leaves(_id, message, _disk);
        var round = message.Kind is MessageKind.Append or MessageKind.AppendReply ? 1 : 0;
        var life = message.Kind == MessageKind.Stranger ? message.Life : 0;
        Sent.Add(envelope with { Message = message with { Round = round, Clock = default, Life = life, Echo = default } });
    }
}
