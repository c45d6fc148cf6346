namespace RaftStream.Raft.Core;

/// <summary>
/// Raft as a value machine (dissertation chapters 3, 6 and 9.6): inputs go in one at a time, <see cref="Output"/> says what the
/// runtime must do. No I/O, no thread, no clock, no randomness of its own, no payload byte; nothing allocated once warm.
/// </summary>
/// <remarks>
/// [safety] Every input carries the instant sampled after it was taken from its queue: a thread may sleep for seconds between, and
/// an election timer judged by an older instant would be judged wrongly.
/// Never throws on input: a message that makes no sense changes nothing; one that proves damage halts the core with a
/// <see cref="CoreFault"/>. This type only dispatches; each part owns its state and its rules.
/// </remarks>
internal sealed class RaftCore
{
    private readonly CoreOptions _options;
    private readonly Configuration _configuration;
    private readonly NodeId _self;
    private readonly LogShape _log = new();
    private readonly PendingWrites _writes = new();
    private readonly CommitRule _commit;
    private readonly Election _election;
    private readonly Replication _replication;
    private readonly FollowerLog _follower;
    private readonly ReadRounds _reads;
    private readonly UncommittedLimit _limit;
    private readonly SnapshotProgress _state;
    private CoreFault _fault;

    public RaftCore(CoreOptions options, Configuration configuration, NodeId self, CoreRecovery recovery, ulong seed, Instant now)
    {
        (_options, _configuration, _self) = (options, configuration, self);
        var slot = configuration.SlotOf(self);
        Invariant.Check(slot >= 0, "a core is a voter of its configuration");
        _commit = new(_log);
        _election = new(options, configuration, self, slot, seed);
        _replication = new(options, configuration, self, _log);
        _follower = new(self, _log, _commit, _writes);
        _reads = new(options);
        _limit = new(options, _log);
        _state = new(_log, _commit, _writes);

        _log.Reset(recovery.Base);
        foreach (var entry in recovery.Entries)
            _log.Append(entry);
        _writes.Recover(_log.Last.Index);
        _state.Recover(recovery.Snapshot);
        _election.Recover(recovery.HardState, now);
        Output.ApplyTo = Applied;
        Output.NextDeadline = _election.Deadline;
    }

    /// <summary>What the last input asks for.</summary>
    public CoreOutput Output { get; } = new();

    public NodeId Self => _self;

    public Role Role => _election.Role;

    public Term Term => _election.Term;

    public NodeId Vote => _election.Vote;

    public NodeId Leader => _election.Leader;

    public LogIndex Commit => _commit.Commit;

    public LogIndex Durable => _writes.Durable;

    public LogIndex Applied => _state.Applied;

    public LogPosition Snapshot => _state.Snapshot;

    public LogShape Log => _log;

    /// <summary>Whether an entry of this leader's own term is committed.</summary>
    public bool OwnTermCommitted => Role == Role.Leader && _log.TermAt(_commit.Commit) == Term;

    /// <summary>What the leader knows of a peer; meaningful only while leading.</summary>
    public Progress ProgressOf(NodeId peer) => _replication[_configuration.SlotOf(peer)];

    /// <summary>Time passed.</summary>
    public void Tick(Instant now)
    {
        if (!Begin())
            return;
        if (Role == Role.Leader)
        {
            if (now - _replication.MajorityHeardAt(now, _writes.OldestIssued) >= _options.ElectionTimeout
                || now - _writes.OldestIssued >= _options.DiskPatience)
            {
                StepDown(Term, NodeId.None, now);
            }
            else if (now >= _replication.HeartbeatAt)
                _replication.Beat(View, now, Output);
        }
        else if (now >= _election.Deadline)
        {
            _election.Campaign(now, _log.Last, Output, _writes);
        }

        Finish(now);
    }

    /// <summary>A peer's message came in; <paramref name="entries"/> are an append's, in order.</summary>
    public void Receive(Instant now, in Message message, ReadOnlySpan<EntryShape> entries)
    {
        if (!Begin())
            return;
        var slot = _configuration.SlotOf(message.From);
        if (slot >= 0 && message.To == _self && message.From != _self && MessageCheck.IsSound(message, entries))
            Dispatch(now, message, slot, entries);
        Finish(now);
    }

    /// <summary>Proposes entries. Only a leader takes them, all or none.</summary>
    public Proposed Propose(Instant now, ReadOnlySpan<Proposal> proposals)
    {
        if (!Begin())
            return new(Refusal.Stopped, default, default);
        Invariant.Check(!proposals.IsEmpty, "a proposal has at least one entry");
        var refusal = Role != Role.Leader ? Refusal.NotLeader : _limit.Admit(proposals);
        var first = _log.Last.Index.Next;
        if (refusal == Refusal.None)
        {
            Output.Append(first, proposals.Length, isOpening: false);
            Output.SequenceOf(_writes);
            foreach (var proposal in proposals)
                _log.Append(new(Term, proposal.Kind, proposal.Length));
            _replication.SendToAll(View, now, Output);
        }

        Finish(now);
        return new(refusal, first, Term);
    }

    /// <summary>Asks for a linearizable read; <see cref="CoreOutput.ReadsReady"/> answers with the same id, or <see cref="CoreOutput.ReadsFailed"/>.</summary>
    public Refusal Read(Instant now, long id)
    {
        if (!Begin())
            return Refusal.Stopped;
        var refusal = Role != Role.Leader ? Refusal.NotLeader : _reads.TryAdd(id) ? Refusal.None : Refusal.Overloaded;
        Finish(now);
        return refusal;
    }

    /// <summary>The disk holds all writes up to <paramref name="sequence"/>.</summary>
    public void LogDurable(Instant now, long sequence)
    {
        if (!Begin())
            return;
        _writes.Complete(sequence);
        if (_election.OnDurable(_writes))
            Lead(now);
        Finish(now);
    }

    /// <summary>The disk refused a write or a sync: what it holds is no longer known, so this node must fall silent.</summary>
    public void LogFailed(Instant now)
    {
        if (Begin())
            Halt(CoreFault.LogFailed, now);
    }

    /// <summary>
    /// The state machine has applied the log up to <paramref name="index"/>. A report from before a snapshot was installed changes nothing.
    /// </summary>
    public void AppliedTo(LogIndex index) => _state.AppliedTo(index);

    /// <summary>A snapshot of this node's own state is on disk; the log may be forgotten up to <paramref name="compactTo"/>.</summary>
    public void SnapshotTaken(LogPosition snapshot, LogIndex compactTo) => _state.Taken(snapshot, compactTo);

    /// <summary>A whole snapshot came in from a peer. The output says whether to install it; otherwise it tells nothing new.</summary>
    public void SnapshotReceived(Instant now, LogPosition snapshot)
    {
        if (!Begin())
            return;
        if (Role == Role.Follower && _follower.OnSnapshot(snapshot, Output))
        {
            if (Output.Install != LogPosition.Zero)
                _state.Installed(snapshot);
            if (Leader != NodeId.None)
                _follower.Acknowledge(new() { Kind = MessageKind.SnapshotOffer, From = Leader, To = _self, Term = Term }, snapshot.Index, _election, Output);
        }

        Finish(now);
    }

    /// <summary>Makes <paramref name="other"/>, built with the same options, an equal core.</summary>
    public void CopyTo(RaftCore other)
    {
        _log.CopyTo(other._log);
        _writes.CopyTo(other._writes);
        _commit.CopyTo(other._commit);
        _election.CopyTo(other._election);
        _replication.CopyTo(other._replication);
        _reads.CopyTo(other._reads);
        _limit.CopyTo(other._limit);
        _state.CopyTo(other._state);
        other._fault = _fault;
        (other.Output.ApplyTo, other.Output.NextDeadline, other.Output.Fault) = (Output.ApplyTo, Output.NextDeadline, Output.Fault);
        other.Output.Clear();
    }

    /// <summary>The state in 64 bits: equal for cores that will act alike.</summary>
    public ulong Fingerprint()
    {
        var fingerprint = default(Fingerprint);
        _log.AddTo(ref fingerprint);
        _writes.AddTo(ref fingerprint);
        _commit.AddTo(ref fingerprint);
        _election.AddTo(ref fingerprint, _writes);
        if (Role == Role.Leader)
        {
            _replication.AddTo(ref fingerprint);
            _reads.AddTo(ref fingerprint);
        }

        _state.AddTo(ref fingerprint);
        fingerprint.Add((long)_fault);
        return fingerprint.Value;
    }

    private LeaderView View => new(Term, _commit.Commit, _reads.Current, Snapshot);

    private void Dispatch(Instant now, in Message message, int slot, ReadOnlySpan<EntryShape> entries)
    {
        if (message.Term > Term)
        {
            var later = _election.JudgeLaterTerm(message, now);
            if (later == LaterTerm.Ignore)
                return;
            if (later == LaterTerm.Adopt)
                StepDown(message.Term, NodeId.None, now);
        }

        switch (message.Kind)
        {
            case MessageKind.PreVote:
                _election.OnPreVote(message, _log.Last, now, Output);
                break;
            case MessageKind.PreVoteReply:
                _election.OnPreVoteReply(message, slot, _log.Last, now, Output, _writes);
                break;
            case MessageKind.Vote when message.Term < Term:
                _election.Refuse(MessageKind.VoteReply, message, Output, _writes);
                break;
            case MessageKind.Vote:
                _election.OnVote(message, _log.Last, now, Output, _writes);
                break;
            case MessageKind.VoteReply when message.Term == Term:
                if (_election.OnVoteReply(message, slot))
                    Lead(now);
                break;
            case MessageKind.Append or MessageKind.SnapshotOffer when message.Term < Term:
                _election.RefuseOldLeader(message, Output, _writes);
                break;
            case MessageKind.Append or MessageKind.SnapshotOffer:
                OnLeader(now, message, entries);
                break;
            case MessageKind.AppendReply when message.Term == Term && Role == Role.Leader:
                _replication.OnReply(message, slot, View, now, Output);
                break;
            default:
                break; // A reply of an earlier term: [safety] counts for nothing.
        }
    }

    private void OnLeader(Instant now, in Message message, ReadOnlySpan<EntryShape> entries)
    {
        if (Role == Role.Leader)
            return; // Two leaders in one term cannot be; whatever this is, we do not follow it.
        if (Role != Role.Follower)
            StepDown(Term, message.From, now);
        _election.Heard(message.From, now);
        if (message.Kind == MessageKind.SnapshotOffer)
        {
            _follower.OnOffer(message, _election, Output);
            return;
        }

        var fault = _follower.OnAppend(message, entries, _election, Output);
        if (fault != CoreFault.None)
            Halt(fault, now);
    }

    private void Lead(Instant now)
    {
        _election.Lead();
        _reads.Start();
        _limit.Start(_commit.Commit);
        _replication.Start(now);
        var opening = _log.Last.Index.Next;
        Output.Append(opening, 1, isOpening: true);
        Output.SequenceOf(_writes);
        _log.Append(new(Term, EntryKind.Noop, 0));
        _replication.SendToAll(View, now, Output);
    }

    private void StepDown(Term term, NodeId leader, Instant now)
    {
        if (Role == Role.Leader)
            _reads.FailAll(Output);
        _election.Follow(term, leader, now, Output, _writes);
    }

    private void Halt(CoreFault fault, Instant now)
    {
        Output.Clear();
        if (Role == Role.Leader)
            StepDown(Term, NodeId.None, now);
        (_fault, Output.Fault) = (fault, fault);
        Output.NextDeadline = Instant.Never;
    }

    private bool Begin()
    {
        Output.Clear();
        return _fault == CoreFault.None;
    }

    /// <summary>What follows from any input: the leader counts copies and rounds, the write gets its place, the next tick its time.</summary>
    private void Finish(Instant now)
    {
        if (_fault != CoreFault.None)
            return;
        if (Role == Role.Leader)
        {
            if (_commit.ByLeader(_replication.MatchedByMajority(_writes.Durable), Term))
                _limit.Committed(_commit.Commit);
            _reads.Confirm(_replication.RoundAnsweredByMajority(), Output);
            if (_reads.StartRound(_commit.Commit, OwnTermCommitted))
            {
                _replication.SendRound(View, Output);
                _reads.Confirm(_replication.RoundAnsweredByMajority(), Output);
            }
        }

        if (Output.WriteSequence != 0)
            _writes.Issue(Output.WriteSequence, _log.Last.Index, now);
        Output.ApplyTo = LogIndex.Max(Output.ApplyTo, LogIndex.Min(_commit.Commit, _writes.Durable));
        Output.NextDeadline = Role == Role.Leader ? _replication.HeartbeatAt : _election.Deadline;
    }
}
