using RaftStream.Raft.Log;

namespace RaftStream.Raft.Runtime;

/// <summary>
/// Runs the state machine: applies what is committed, answers queries, captures and restores snapshots. Owns the replicated
/// state; nobody else calls it. May share a thread with the consensus agent.
/// </summary>
/// <remarks>
/// Kept true: entries are applied in log order, each once; a caller's answer leaves only after its entry was applied.
/// Any exception out of the state machine stops the replica: it would diverge from the others.
/// </remarks>
internal sealed class ApplyAgent
{
    /// <summary>How long one turn may last, so that applying delays no heartbeat when the thread is shared.</summary>
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(2);

    private readonly BoundedQueue<ApplyWork> _work;
    private readonly BoundedQueue<ApplyDone> _done;
    private readonly BoundedQueue<EntryRun> _spare;
    private readonly Confirmations _confirmations;
    private readonly OutboxBoard? _board;
    private ApplyWork _underWay;
    private LogPosition _applied;
    private long _time;

    public ApplyAgent(ReplicatedState state, BoundedQueue<ApplyWork> work, BoundedQueue<ApplyDone> done, BoundedQueue<EntryRun> spare, OutboxBoard? board = null) =>
        (State, _work, _done, _spare, _confirmations, _board) = (state, work, done, spare, new(state.Terms), board);

    /// <summary>The state machine and the sessions.</summary>
    public ReplicatedState State { get; }

    /// <summary>What was done since the start.</summary>
    public ApplyCounters Counters { get; } = new();

    /// <summary>The last entry applied.</summary>
    public LogPosition Applied => _applied;

    /// <summary>At the start: the state is that of the snapshot.</summary>
    public void Recover(SnapshotReader snapshot)
    {
        using (snapshot)
            State.Restore(snapshot);
        CheckRestored(snapshot.Manifest.Description);
        (_applied, _time) = (snapshot.Manifest.Position, snapshot.Manifest.Description.Time);
        _board?.OnApplied(State.Outboxes);
    }

    /// <summary>Works for one turn; returns how much was done.</summary>
    public int Poll(IClock clock)
    {
        var end = clock.Now + Turn;
        var done = 0;
        while (_done.Count < _done.Capacity && _work.TryDequeue(out var work))
        {
            done++;
            _underWay = work;
            switch (work.Kind)
            {
                case ApplyWorkKind.Entries:
                    Apply(work.Run!);
                    break;
                case ApplyWorkKind.Query:
                    Answer(work.Request!);
                    break;
                default:
                    Recover(work.Snapshot!);
                    _confirmations.Applied(_applied.Index);
                    Report(null);
                    break;
            }

            _underWay = default;
            if (clock.Now >= end)
                break;
        }

        return done;
    }

    /// <summary>The replica stops: whoever waits for an answer here gets one, also where the state machine threw in the middle of it.</summary>
    public void Stop()
    {
        Abandon(_underWay);
        _underWay = default;
        while (_work.TryDequeue(out var work))
            Abandon(work);
        _confirmations.Stop();
    }

    /// <summary>A query is not answered; an entry is committed, but this replica will not see it applied.</summary>
    private static void Abandon(in ApplyWork work)
    {
        work.Snapshot?.Dispose();
        work.Request?.Refuse(Refusal.Stopped);
        for (var i = 0; i < (work.Run?.Count ?? 0); i++)
            work.Run!.Requests[i]?.Complete(new(Outcome.Unknown, Refusal.Stopped, work.Run.Commands[i].Position, default));
    }

    private void Apply(EntryRun run)
    {
        Invariant.Check(run.Last.Index > _applied.Index, "entries are applied in order, each once");
        State.Apply(run);
        _underWay = default; // Answered: what fails from here on must not answer again.
        (_applied, _time) = (run.Last, run.Time);
        _board?.OnApplied(State.Outboxes);
        _confirmations.Applied(_applied.Index);
        Counters.Commands.Add(run.Count);
        var captured = run.IsSnapshotPoint ? Capture() : null;
        run.Clear();
        _spare.TryEnqueue(run);
        Report(captured);
    }

    private void Answer(ClientRequest request)
    {
        if (request.Kind == RequestKind.Confirm)
            _confirmations.Take(request, _applied.Index);
        else if (request.Kind == RequestKind.ReadTentative)
            AnswerTentatively(request);
        else
            request.Complete(new(Outcome.Applied, Refusal.None, _applied, State.Query(request.Payload.Span)) { Age = request.Age });
    }

    /// <summary>The state at one index, and over it what of this node's outbox is not in it: see <see cref="OutboxBoard"/>.</summary>
    private void AnswerTentatively(ClientRequest request)
    {
        var pending = _board is null ? default : _board.Pending.Behind(State.Outboxes.LastOf(_board.Node));
        if (State.QueryOver(request.Payload.Span, pending) is { } reply)
            request.Complete(new(Outcome.Applied, Refusal.None, _applied, reply) { Age = request.Age, IsTentative = !pending.IsEmpty });
        else
            request.Refuse(Refusal.NoOverlay);
    }

    /// <summary>One state at a time: while one is being saved, the next would only cost the memory of what changes meanwhile.</summary>
    private CapturedState? Capture()
    {
        if (State.IsCaptured)
        {
            Counters.CapturesSkipped.Add(1);
            return null;
        }

        Counters.Captures.Add(1);
        return new(_applied, _time, State.Hash, State.Capture());
    }

    private void Report(CapturedState? captured)
    {
        var reported = _done.TryEnqueue(new() { Applied = _applied, StateHash = State.Hash, Captured = captured });
        Invariant.Check(reported, "the apply agent works only where its answers have room");
    }

    private void CheckRestored(SnapshotDescription snapshot)
    {
        if (State.Hash != snapshot.StateHash)
            throw new ReplicaException($"The snapshot at {snapshot.Position} restores to another state than it was taken of: it was made by another version of the state machine, or its file is damaged. Remove it if an older snapshot and the log still cover it, else replace this replica.");
    }
}
