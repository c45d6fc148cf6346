using System.Buffers;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// The whole replicated state: the state machine, and the sessions, outboxes and idempotency keys in front of it. Applies runs of entries and answers their callers.
/// Owned by the apply agent.
/// </summary>
/// <remarks>
/// Kept true: what a run leads to does not depend on where it begins and ends, since that differs from replica to replica. All commands
/// of a run go to the state machine in one batch, except that one is cut where the replies of commands of sessions, or under keys, must be known.
/// </remarks>
internal sealed class ReplicatedState(IStateMachine machine, SessionLimits limits)
{
    private readonly SessionTable _sessions = new(limits);
    private readonly ArrayBufferWriter<byte> _replies = new(64 * 1024);
    private readonly int[] _ends = new int[EntryRun.MaxCommands];
    private readonly Command[] _commands = new Command[EntryRun.MaxCommands];
    private readonly IEarlierReply?[] _keeps = new IEarlierReply?[EntryRun.MaxCommands];
    private readonly Fate[] _fates = new Fate[EntryRun.MaxCommands];
    private volatile bool _isCaptured;
    private int _count;
    private int _applied;

    /// <summary>Where the terms of the log begin, as far as it is applied.</summary>
    public TermStarts Terms { get; } = new();

    /// <summary>How far the outboxes of the nodes have come.</summary>
    public OutboxTable Outboxes { get; } = new();

    /// <summary>The idempotency keys under which something was applied lately.</summary>
    public KeyedTable Keys { get; } = new(limits);

    /// <summary>The sessions' part.</summary>
    public SessionTable Sessions => _sessions;

    /// <summary>The hash of all of it: the state machine's own as long as there is no session and no key, and no outbox was used.</summary>
    public ulong Hash => machine.StateHash + _sessions.Hash + Outboxes.Hash + Keys.Hash;

    /// <summary>Whether a state that was captured is still being saved.</summary>
    public bool IsCaptured => _isCaptured;

    /// <summary>Applies a run; then every caller in it gets the answer to its own entry. If the state machine throws, none does.</summary>
    public void Apply(EntryRun run)
    {
        (_count, _applied) = (0, 0);
        _replies.ResetWrittenCount();
        if (run.HasSessions)
        {
            ApplySessions(run);
        }
        else if (run.Count > 0)
        {
            ApplyBatch(run.Commands, _ends.AsSpan(0, run.Count));
            for (var i = 0; i < run.Count; i++)
                run.Requests[i]?.Complete(new(Outcome.Applied, Refusal.None, run.Commands[i].Position, ReplyAt(i)));
        }

        foreach (var start in run.Terms)
            Terms.Add(start);

        if (!run.IsSnapshotPoint)
            return;

        // What every replica captures here must not depend on when its sessions and keys are looked at next.
        _sessions.ExpireAt(run.Time);
        Keys.ExpireAt(run.Time);
    }

    /// <summary>Answers a query from the state as it is.</summary>
    public ReadOnlyMemory<byte> Query(ReadOnlySpan<byte> query)
    {
        _replies.ResetWrittenCount();
        machine.Query(query, _replies);
        return _replies.WrittenSpan.ToArray();
    }

    /// <summary>Answers a query from the state as it is, with commands laid over it that are not applied; null where the state machine cannot.</summary>
    public ReadOnlyMemory<byte>? QueryOver(ReadOnlySpan<byte> query, ReadOnlySpan<ReadOnlyMemory<byte>> pending)
    {
        _replies.ResetWrittenCount();
        if (machine is not ICommutingMachine commuting || !commuting.TryQueryOver(query, pending, _replies))
            return null;
        return _replies.WrittenSpan.ToArray();
    }

    /// <summary>Fixes the state of this moment. One at a time, see <see cref="IsCaptured"/>.</summary>
    public ISnapshotView Capture()
    {
        Invariant.Check(!_isCaptured, "one state is captured at a time");
        var view = new StateView(Terms.ToBytes(), Outboxes.ToBytes(), Keys.Capture(), _sessions.Capture(), machine.Capture(), () => _isCaptured = false);
        _isCaptured = true;
        return view;
    }

    /// <summary>Replaces everything by a snapshot's state.</summary>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public void Restore(ISnapshotReader reader)
    {
        Terms.Restore(reader);
        Outboxes.Restore(reader);
        Keys.Restore(reader);
        _sessions.Restore(reader);
        machine.Restore(reader);
    }

    private void ApplySessions(EntryRun run)
    {
        for (var i = 0; i < run.Count; i++)
            _fates[i] = run.IsSession(i) ? Judge(run.Commands[i]) : new(Refusal.None, Stage(run.Commands[i], null), null);
        ApplyStaged();
        for (var i = 0; i < run.Count; i++)
        {
            if (run.Requests[i] is { } request)
                Answer(request, run.Commands[i].Position, _fates[i]);
        }

        Array.Clear(_fates, 0, run.Count);
        Array.Clear(_commands, 0, _count);
        Array.Clear(_keeps, 0, _count);
    }

    private Fate Judge(in Command entry)
    {
        if (OutboxEntry.TryRead(entry.Payload.Span, out var pending))
            return Judge(entry, pending);
        if (KeyedEntry.TryRead(entry.Payload.Span, out var keyed))
            return Judge(entry, keyed);
        var isSound = SessionEntry.TryRead(entry.Payload.Span, out var session);
        if (_sessions.MustKnowReplies(session.Session))
            ApplyStaged();
        _sessions.ExpireAt(entry.Time);
        if (!isSound)
            return new(Refusal.SessionMalformed, Fate.NoCommand, null);
        if (session.Operation == SessionOperation.Open)
            return new(_sessions.Open(entry.Position.Index, entry.Time, session.IdleTimeout), Fate.NoCommand, null);
        if (session.Operation == SessionOperation.Close)
            return new(_sessions.Close(session.Session), Fate.NoCommand, null);
        var verdict = _sessions.Judge(session, entry.Position, entry.Time);
        if (!verdict.IsNew)
            return new(verdict.Refusal, Fate.NoCommand, verdict.Reply);
        return new(Refusal.None, Stage(entry with { Payload = entry.Payload[SessionEntry.CommandHeaderSize..] }, verdict.Reply), null);
    }

    /// <summary>A command out of an outbox: it depends on no session and on no reply, so nothing need be known of those under way.</summary>
    private Fate Judge(in Command entry, in OutboxEntry pending)
    {
        var refusal = Outboxes.Judge(pending);
        return new(refusal, refusal == Refusal.None ? Stage(entry with { Payload = entry.Payload[OutboxEntry.HeaderSize..] }, null) : Fate.NoCommand, null);
    }

    private Fate Judge(in Command entry, in KeyedEntry keyed)
    {
        if (Keys.MustKnowReplies)
            ApplyStaged();
        Keys.ExpireAt(entry.Time);
        var command = entry with { Payload = entry.Payload[KeyedEntry.HeaderSize..] };
        var verdict = Keys.Judge(keyed.Key, command.Payload.Span, entry.Position, entry.Time);
        return verdict.IsNew ? new(Refusal.None, Stage(command, verdict.Reply), null) : new(verdict.Refusal, Fate.NoCommand, verdict.Reply);
    }

    private int Stage(in Command command, IEarlierReply? keep)
    {
        (_commands[_count], _keeps[_count]) = (command, keep);
        return _count++;
    }

    private void ApplyStaged()
    {
        if (_applied == _count)
            return;
        ApplyBatch(_commands.AsSpan(_applied, _count - _applied), _ends.AsSpan(_applied, _count - _applied));
        for (; _applied < _count; _applied++)
        {
            var reply = _replies.WrittenSpan[StartOf(_applied).._ends[_applied]];
            if (_keeps[_applied] is StoredReply stored)
                _sessions.Complete(stored, reply);
            else if (_keeps[_applied] is KeyedReply keyed)
                Keys.Complete(keyed, reply);
        }
    }

    private void ApplyBatch(ReadOnlySpan<Command> commands, Span<int> ends)
    {
        var results = new Results(_replies, ends);
        machine.Apply(new CommandBatch(commands), ref results);
        Invariant.Check(results.Count == commands.Length, "a state machine completes one reply for each command");
    }

    private void Answer(ClientRequest request, LogPosition position, in Fate fate)
    {
        if (fate.Refusal == Refusal.ReplyNotKept)
            request.Complete(new(Outcome.Applied, Refusal.ReplyNotKept, position, default));
        else if (fate.Refusal != Refusal.None)
            request.Complete(new(Outcome.Rejected, fate.Refusal, position, default));
        else if (fate.Earlier is { } earlier)
            request.Complete(new(Outcome.Applied, earlier.IsKept ? Refusal.None : Refusal.ReplyNotKept, earlier.Position, earlier.Bytes));
        else
            request.Complete(new(Outcome.Applied, Refusal.None, position, fate.Command == Fate.NoCommand ? default : ReplyAt(fate.Command)));
    }

    private ReadOnlyMemory<byte> ReplyAt(int command) => _replies.WrittenSpan[StartOf(command).._ends[command]].ToArray();

    private int StartOf(int command) => command == 0 ? 0 : _ends[command - 1];

    /// <summary>What becomes of an entry's caller: refused; answered as an earlier attempt was; or answered by a command of this run.</summary>
    private readonly record struct Fate(Refusal Refusal, int Command, IEarlierReply? Earlier)
    {
        public const int NoCommand = -1;
    }
}
