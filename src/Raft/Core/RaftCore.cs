namespace RaftStream.Raft.Core;

/// <summary>
/// Raft as a value machine (dissertation chapters 3, 4, 6 and 9.6): inputs go in one at a time, <see cref="Output"/> says what the
/// runtime must do. No I/O, no thread, no clock, no randomness of its own, no payload byte; nothing allocated once warm.
/// </summary>
/// <remarks>
/// [safety] Every input carries the instant sampled after it was taken from its queue: a thread may sleep for seconds between, and
/// an election timer or a lease judged by an older instant would be judged wrongly.
/// Never throws on input: a message that makes no sense changes nothing; one that proves damage halts the core with a
/// <see cref="CoreFault"/>. This type only dispatches; each part owns its state and its rules.
/// </remarks>
internal sealed class RaftCore
{
    private readonly CoreOptions _options;
    private readonly NodeId _self;
    private readonly CoreParts _parts;
    private CoreFault _fault;

    /// <summary>A core that goes on from what the disk holds; <paramref name="configuration"/> is in force at the snapshot or, without one, what the cluster begins with.</summary>
    public RaftCore(CoreOptions options, Configuration configuration, NodeId self, CoreRecovery recovery, ulong seed, Instant now)
    {
        (_options, _self, Output) = (options, self, new() { Disk = recovery.Disk });
        _parts = new(options, configuration, self, recovery, seed, now);
        Output.ApplyTo = Applied;
        Output.NextDeadline = _parts.Election.Deadline;
    }

    /// <summary>What the last input asks for.</summary>
    public CoreOutput Output { get; }

    public NodeId Self => _self;

    public Role Role => _parts.Election.Role;

    public Term Term => _parts.Election.Term;

    public NodeId Vote => _parts.Election.Vote;

    public NodeId Leader => _parts.Election.Leader;

    public LogIndex Commit => _parts.Commit.Commit;

    public LogIndex Durable => _parts.Writes.Durable;

    public LogIndex Applied => _parts.State.Applied;

    public LogPosition Snapshot => _parts.State.Snapshot;

    public LogShape Log => _parts.Log;

    /// <summary>Who the members are.</summary>
    public Membership Membership => _parts.Membership;

    /// <summary>Whether an entry of this leader's own term is committed.</summary>
    public bool OwnTermCommitted => Role == Role.Leader && _parts.Leadership.OwnTermCommitted;

    /// <summary>To whom this leader hands leadership over; nobody while it does not.</summary>
    public NodeId TransferTarget => Role == Role.Leader ? _parts.Leadership.TransferTarget : NodeId.None;

    /// <summary>What the leader knows of a peer, a member; meaningful only while leading.</summary>
    public Progress ProgressOf(NodeId peer) => _parts.Leadership.ProgressOf(Membership.Current.SlotOf(peer));

    /// <summary>Time passed.</summary>
    public void Tick(Instant now)
    {
        if (!Begin())
            return;
        if (Role == Role.Leader)
        {
            if (_parts.Leadership.MustMakeWay(now))
                StepDown(Term, NodeId.None, now);
            else if (now >= _parts.Leadership.HeartbeatAt)
                _parts.Leadership.Beat(Snapshot, now, Output);
        }
        else if (now >= _parts.Election.Deadline && _parts.Strangers.IsSelfGone)
            Halt(CoreFault.Removed, now);
        else if (now >= _parts.Election.Deadline)
            _parts.Election.Campaign(now, _parts.Log.Last, Output, _parts.Writes);

        Finish(now);
    }

    /// <summary>A peer's message came in; <paramref name="entries"/> are an append's, in order, and <paramref name="configurations"/> those of them that are such.</summary>
    public void Receive(Instant now, in Message message, ReadOnlySpan<EntryShape> entries, ReadOnlySpan<Configuration> configurations = default)
    {
        if (!Begin())
            return;
        if (message.To == _self && message.From != _self && message.From != NodeId.None && MessageCheck.IsSound(message, entries, configurations))
        {
            if (_parts.Strangers.Answer(message, Term, Output, out var fault))
                Dispatch(now, message, entries, configurations);
            else if (fault != CoreFault.None)
                Halt(fault, now);
        }

        Finish(now);
    }

    /// <summary>Proposes entries. Only a leader takes them, all or none.</summary>
    public Proposed Propose(Instant now, ReadOnlySpan<Proposal> proposals)
    {
        if (!Begin())
            return new(Refusal.Stopped, default, default);
        Invariant.Check(!proposals.IsEmpty, "a proposal has at least one entry");
        var first = _parts.Log.Last.Index.Next;
        var refusal = Role == Role.Leader ? _parts.Leadership.Propose(proposals, Snapshot, now, Output) : Refusal.NotLeader;
        Finish(now);
        return new(refusal, first, Term);
    }

    /// <summary>Asks for a linearizable read, at any node; <see cref="CoreOutput.ReadsReady"/> answers with the same id, or <see cref="CoreOutput.ReadsFailed"/>.</summary>
    public Refusal Read(Instant now, long id)
    {
        if (!Begin())
            return Refusal.Stopped;
        var refusal = Role != Role.Leader && Leader == NodeId.None ? Refusal.NoLeader : Refusal.None;
        if (refusal == Refusal.None && !(Role == Role.Leader ? _parts.Leadership.Read(id, NodeId.None) : _parts.Forwarded.TryAdd(id)))
            refusal = Refusal.Overloaded;
        Finish(now);
        return refusal;
    }

    /// <summary>
    /// Whether this leader may answer a read alone, once <see cref="Commit"/> as of now is applied. Changes nothing. [safety] <paramref name="now"/>
    /// was sampled after the read was taken from its queue.
    /// </summary>
    public Refusal ReadByLease(Instant now) =>
        _fault != CoreFault.None ? Refusal.Stopped : Role != Role.Leader ? Refusal.NotLeader : _parts.Leadership.HasLease(now) ? Refusal.None : Refusal.NoLease;

    /// <summary>How far this node's state may lag behind what is committed anywhere, once the index is applied; null while it cannot tell. Changes nothing.</summary>
    public (TimeSpan Age, LogIndex Index)? FreshnessAt(Instant now)
    {
        if (Role == Role.Leader)
            return _parts.Leadership.Age(now) is { } own ? (own, Commit) : null;
        return _parts.Freshness.Age(now, _options) is { } age ? (age, _parts.Freshness.Index) : null;
    }

    /// <summary>Begins a change of the members; done when the configuration in force is committed and not joint.</summary>
    public Refusal Change(Instant now, MemberChange change)
    {
        if (!Begin())
            return Refusal.Stopped;
        var refusal = Role == Role.Leader ? _parts.Leadership.Change(change, Snapshot, now, Output) : Refusal.NotLeader;
        Finish(now);
        return refusal;
    }

    /// <summary>Begins to hand leadership over to a voter, or to the best one if none is named; given up after an election timeout.</summary>
    public Refusal Transfer(Instant now, NodeId to)
    {
        if (!Begin())
            return Refusal.Stopped;
        var refusal = Role == Role.Leader ? _parts.Leadership.HandOver(to, now, Output) : Refusal.NotLeader;
        Finish(now);
        return refusal;
    }

    /// <summary>
    /// The disk has no room for more entries, or has again. Meanwhile a leader refuses proposals and hands leadership over, a follower takes
    /// no entries; votes and what is under way still fit.
    /// </summary>
    public void StorageFull(Instant now, bool isFull)
    {
        if (!Begin())
            return;
        (_parts.Leadership.IsFull, _parts.Follower.IsFull, _parts.Election.IsHandicapped) = (isFull, isFull, isFull);
        if (isFull && Role == Role.Leader)
            _parts.Leadership.HandOver(NodeId.None, now, Output);
        Finish(now);
    }

    /// <summary>The disk holds all writes up to <paramref name="sequence"/>.</summary>
    public void LogDurable(Instant now, long sequence)
    {
        if (!Begin())
            return;
        _parts.Writes.Complete(sequence);
        if (_parts.Election.OnDurable(_parts.Writes))
            Lead(now);
        Finish(now);
    }

    /// <summary>The disk refused a write or a sync: what it holds is no longer known, so this node must fall silent.</summary>
    public void LogFailed(Instant now)
    {
        if (Begin())
            Halt(CoreFault.LogFailed, now);
    }

    /// <summary>The state machine has applied the log up to <paramref name="index"/>. A report from before a snapshot was installed changes nothing.</summary>
    public void AppliedTo(LogIndex index) => _parts.State.AppliedTo(index);

    /// <summary>A snapshot of this node's own state is on disk; the log may be forgotten up to <paramref name="compactTo"/>.</summary>
    public void SnapshotTaken(LogPosition snapshot, LogIndex compactTo) => _parts.State.Taken(snapshot, compactTo);

    /// <summary>A whole snapshot came in from a peer. The output says whether to install it; otherwise it tells nothing new.</summary>
    public void SnapshotReceived(Instant now, LogPosition snapshot, PlacedConfiguration configuration)
    {
        if (!Begin())
            return;
        if (Role == Role.Follower && _parts.Follower.OnSnapshot(snapshot, configuration, Output))
        {
            if (Output.Install != LogPosition.Zero)
                _parts.State.Installed(snapshot);
            if (Leader != NodeId.None)
                _parts.Follower.Acknowledge(new() { Kind = MessageKind.SnapshotOffer, From = Leader, To = _self, Term = Term }, snapshot.Index, now, _parts.Election, Output);
        }

        Finish(now);
    }

    /// <summary>Makes <paramref name="other"/>, built with the same options, an equal core.</summary>
    public void CopyTo(RaftCore other)
    {
        _parts.CopyTo(other._parts);
        other._fault = _fault;
        (other.Output.ApplyTo, other.Output.NextDeadline, other.Output.Fault) = (Output.ApplyTo, Output.NextDeadline, Output.Fault);
        other.Output.Clear();
    }

    /// <summary>The state in 64 bits: equal for cores that will act alike.</summary>
    public ulong Fingerprint()
    {
        var fingerprint = default(Fingerprint);
        _parts.AddTo(ref fingerprint);
        fingerprint.Add((long)_fault);
        return fingerprint.Value;
    }

    private void Dispatch(Instant now, in Message message, ReadOnlySpan<EntryShape> entries, ReadOnlySpan<Configuration> configurations)
    {
        if (message.Term > Term)
        {
            var later = _parts.Election.JudgeLaterTerm(message, now);
            if (later == LaterTerm.Ignore)
                return;
            if (later == LaterTerm.Adopt)
                StepDown(message.Term, NodeId.None, now);
        }

        var slot = Membership.Current.SlotOf(message.From);
        switch (message.Kind)
        {
            case MessageKind.PreVote:
                _parts.Election.OnPreVote(message, _parts.Log.Last, now, Output);
                break;
            case MessageKind.PreVoteReply when slot >= 0:
                _parts.Election.OnPreVoteReply(message, slot, _parts.Log.Last, now, Output, _parts.Writes);
                break;
            case MessageKind.Vote when message.Term < Term:
                _parts.Election.Refuse(MessageKind.VoteReply, message, Output, _parts.Writes);
                break;
            case MessageKind.Vote:
                _parts.Election.OnVote(message, _parts.Log.Last, now, Output, _parts.Writes);
                break;
            case MessageKind.VoteReply when message.Term == Term && slot >= 0:
                if (_parts.Election.OnVoteReply(message, slot))
                    Lead(now);
                break;
            case MessageKind.Append or MessageKind.SnapshotOffer when message.Term < Term:
                _parts.Election.RefuseOldLeader(message, Output, _parts.Writes);
                break;
            case MessageKind.Append or MessageKind.SnapshotOffer:
                OnLeader(now, message, entries, configurations);
                break;
            case MessageKind.AppendReply when message.Term == Term && Role == Role.Leader && slot >= 0:
                _parts.Leadership.OnReply(message, slot, Snapshot, now, Output);
                break;
            case MessageKind.ElectNow when message.Term == Term:
                _parts.Election.OnElectNow(message, _parts.Log.Last, now, Output, _parts.Writes);
                break;
            case MessageKind.ReadIndex when message.Term == Term && Role == Role.Leader:
                _parts.Leadership.Read(message.Round, message.From);
                break;
            case MessageKind.ReadIndexReply when message.Term == Term && Role != Role.Leader:
                _parts.Forwarded.OnReply(message, Output);
                break;
            default:
                break; // A reply of an earlier term, or of no member: [safety] counts for nothing.
        }
    }

    private void OnLeader(Instant now, in Message message, ReadOnlySpan<EntryShape> entries, ReadOnlySpan<Configuration> configurations)
    {
        if (Role == Role.Leader)
            return; // Two leaders in one term cannot be; whatever this is, we do not follow it.
        if (Role != Role.Follower)
            StepDown(Term, message.From, now);
        _parts.Election.Heard(message.From, now);
        if (message.Kind == MessageKind.SnapshotOffer)
        {
            _parts.Follower.OnOffer(message, now, _parts.Election, Output);
            return;
        }

        var fault = _parts.Follower.OnAppend(message, entries, configurations, now, _parts.Election, Output);
        if (fault != CoreFault.None)
            Halt(fault, now);
    }

    private void Lead(Instant now)
    {
        _parts.Election.Lead();
        _parts.Forwarded.FailAll(Output);
        _parts.Leadership.Start(Term, Snapshot, _parts.Election, now, Output);
    }

    private void StepDown(Term term, NodeId leader, Instant now)
    {
        if (Role == Role.Leader)
            _parts.Leadership.Stop(Output);
        _parts.Election.Follow(term, leader, now, Output, _parts.Writes);
    }

    private void Halt(CoreFault fault, Instant now)
    {
        Output.Clear();
        if (Role == Role.Leader)
            StepDown(Term, NodeId.None, now);
        _parts.Forwarded.FailAll(Output);
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
        if (Role == Role.Leader && _parts.Leadership.Finish(Snapshot, now, Output))
        {
            _parts.Leadership.Resign(now, Output);
            StepDown(Term, NodeId.None, now);
        }

        if (Role != Role.Leader)
            _parts.Forwarded.Poll(Leader, Term, now, Output);
        if (Output.WriteSequence != 0)
            _parts.Writes.Issue(Output.WriteSequence, _parts.Log.Last.Index, now);
        Output.ApplyTo = LogIndex.Max(Output.ApplyTo, LogIndex.Min(_parts.Commit.Commit, _parts.Writes.Durable));
        Output.NextDeadline = Role == Role.Leader ? _parts.Leadership.HeartbeatAt : Instant.Min(_parts.Election.Deadline, _parts.Forwarded.AskAgainAt);
    }
}
