namespace RaftStream.Raft.Core;

/// <summary>
/// What a node does in a term that it leads: proposals, changes of the members, reads, leases, the hand-over. Its parts own their
/// state; the node's role is the <see cref="Election"/>'s.
/// </summary>
/// <remarks>
/// Kept true: a leader changes the members only behind a committed entry of its own term (the bug of the single-server change, Ongaro 2015, would
/// exist for joint consensus as well: two leaders could each build on another configuration), one change at a time, and leaves a joint configuration
/// only once it is committed.
/// </remarks>
internal sealed class Leadership
{
    private readonly CoreOptions _options;
    private readonly NodeId _self;
    private readonly LogShape _log;
    private readonly CommitRule _commit;
    private readonly PendingWrites _writes;
    private readonly Membership _membership;
    private readonly Rounds _rounds = new();
    private readonly Replication _replication;
    private readonly ReadRounds _reads;
    private readonly UncommittedLimit _limit;
    private readonly Transfer _transfer;
    private Term _term;
    private Instant _startedAt;
    private ulong _disk;

    public Leadership(CoreOptions options, NodeId self, ulong disk, LogShape log, CommitRule commit, PendingWrites writes, Membership membership)
    {
        (_options, _self, _disk, _log, _commit, _writes, _membership) = (options, self, disk, log, commit, writes, membership);
        _replication = new(options, membership, self, log, _rounds);
        _reads = new(options, self);
        _limit = new(options, log);
        _transfer = new(options);
    }

    /// <summary>Whether an entry of this term is committed.</summary>
    public bool OwnTermCommitted => _log.TermAt(_commit.Commit) == _term;

    /// <summary>Whether the disk is full: proposals are refused.</summary>
    public bool IsFull { get; set; }

    /// <summary>To whom leadership is being handed; nobody while it is not.</summary>
    public NodeId TransferTarget => _transfer.Target;

    public Instant HeartbeatAt => _replication.HeartbeatAt;

    /// <summary>What is known of the peer in a slot.</summary>
    public Progress ProgressOf(int slot) => _replication[slot];

    /// <summary>
    /// The term begins, with an entry of its own. The first leader of all begins with the members, and with the data folders that they named as
    /// they voted: from that entry on the cluster has formed.
    /// </summary>
    public void Start(Term term, LogPosition snapshot, Election election, Instant now, CoreOutput output)
    {
        (_term, _startedAt) = (term, now);
        _rounds.Start(now);
        _reads.Start();
        _limit.Start(_commit.Commit);
        _transfer.Reset();
        _replication.Start(now);
        if (!_membership.IsFormed)
        {
            var configuration = _membership.Current;
            Append(ChangeRules.Bind(configuration, id => id == _self ? _disk : election.DiskOf(configuration.SlotOf(id))), snapshot, now, output);
            return;
        }

        output.AppendOwn(_log.Last.Index.Next, null);
        output.SequenceOf(_writes);
        _log.Append(new(term, EntryKind.Noop, 0));
        _replication.SendToAll(View(snapshot), now, output);
    }

    /// <summary>The term of leadership is over.</summary>
    public void Stop(CoreOutput output)
    {
        _reads.FailAll(output);
        _transfer.Reset();
    }

    /// <summary>Whether this leader must make way: it hears no quorum, or its own disk hangs.</summary>
    public bool MustMakeWay(Instant now) =>
        now - _replication.MajorityHeardAt(now, _writes.OldestIssued) >= _options.ElectionTimeout || now - _writes.OldestIssued >= _options.DiskPatience;

    /// <summary>The heartbeat is due: a round for whoever waits for one, and what has gone unanswered.</summary>
    public void Beat(LogPosition snapshot, Instant now, CoreOutput output)
    {
        _transfer.Tick(_membership.Current, now);
        BeginRound(now);
        _replication.Beat(View(snapshot), now, output);
        if (_membership.HasUnbound && OwnTermCommitted && _membership.Index <= _commit.Commit)
            BindLearners(snapshot, now, output);
        if (_transfer.IsUnderWay)
            TellTarget(output);
        else if (IsFull || _membership.HasPreferred)
            Prefer(now);
    }

    /// <summary>Takes entries, all or none.</summary>
    public Refusal Propose(ReadOnlySpan<Proposal> proposals, LogPosition snapshot, Instant now, CoreOutput output)
    {
        var refusal = IsFull ? Refusal.StorageFull : _transfer.IsUnderWay ? Refusal.Transferring : _limit.Admit(proposals);
        if (refusal != Refusal.None)
            return refusal;
        output.Append(_log.Last.Index.Next, proposals.Length);
        output.SequenceOf(_writes);
        foreach (var proposal in proposals)
            _log.Append(new(_term, proposal.Kind, proposal.Length));
        _replication.SendToAll(View(snapshot), now, output);
        return Refusal.None;
    }

    /// <summary>Takes a linearizable read of this node, or of a follower that asks for it.</summary>
    public bool Read(long id, NodeId asker) => _reads.TryAdd(id, asker);

    /// <summary>Whether this leader may answer alone at this moment: <see cref="Lease"/>.</summary>
    public bool HasLease(Instant now) =>
        !_transfer.GaveLeaseUp && OwnTermCommitted && now < Lease.Until(_replication.QuorumSentAt(now), _options);

    /// <summary>How long ago this leader knew itself to lead; null before an entry of its term is committed.</summary>
    public TimeSpan? Age(Instant now) => OwnTermCommitted ? Lease.Age(_replication.QuorumSentAt(now), now, _options) : null;

    /// <summary>Begins a change of the members.</summary>
    public Refusal Change(MemberChange change, LogPosition snapshot, Instant now, CoreOutput output)
    {
        if (!OwnTermCommitted)
            return Refusal.NotReady;
        if (change.Expected is { } expected && expected != _membership.Index)
            return Refusal.ConfigurationMoved;
        if (_membership.Index > _commit.Commit || _membership.Current.IsJoint)
            return Refusal.ChangeUnderWay;
        if (_transfer.IsUnderWay || IsFull)
            return IsFull ? Refusal.StorageFull : Refusal.Transferring;
        var refusal = ChangeRules.Plan(_membership.Current, change, out var next);
        if (refusal == Refusal.None)
            refusal = Judge(change, next, now);
        if (refusal == Refusal.None)
            Append(next, snapshot, now, output);
        return refusal;
    }

    /// <summary>Begins to hand leadership over, to the best voter if nobody is named.</summary>
    public Refusal HandOver(NodeId to, Instant now, CoreOutput output)
    {
        if (_transfer.IsUnderWay)
            return Refusal.Transferring;
        var target = to != NodeId.None ? to : Best(now, leastPriority: 0);
        var slot = _membership.Current.SlotOf(target);
        if (target == _self || slot < 0 || ((_membership.Current.Incoming >> slot) & 1) == 0)
            return to == NodeId.None ? Refusal.WouldLoseQuorum : Refusal.NoSuchMember;
        _transfer.Begin(target, now);
        TellTarget(output);
        return Refusal.None;
    }

    /// <summary>A peer answered.</summary>
    public void OnReply(in Message message, int slot, LogPosition snapshot, Instant now, CoreOutput output) =>
        _replication.OnReply(message, slot, View(snapshot), now, output);

    /// <summary>What follows from any input. True: this leader is no member any more, and its work is done.</summary>
    public bool Finish(LogPosition snapshot, Instant now, CoreOutput output)
    {
        if (_commit.ByLeader(_replication.MatchedByMajority(_writes.Durable), _term))
            _limit.Committed(_commit.Commit);
        Confirm(output);
        if (_reads.WantsRound && OwnTermCommitted)
        {
            BeginRound(now);
            _replication.SendRound(View(snapshot), output);
            Confirm(output);
        }

        if (_transfer.IsUnderWay)
            TellTarget(output);
        return OwnTermCommitted && _membership.Index <= _commit.Commit && GoOnWithMembers(snapshot, now, output);
    }

    /// <summary>Tells the best of those who stay to stand at once.</summary>
    public void Resign(Instant now, CoreOutput output)
    {
        var heir = Best(now, leastPriority: 0);
        if (heir != NodeId.None)
            output.Send(new() { Kind = MessageKind.ElectNow, From = _self, To = heir, Term = _term }, 0);
    }

    public void CopyTo(Leadership other)
    {
        (other._term, other._startedAt, other._disk, other.IsFull) = (_term, _startedAt, _disk, IsFull);
        _rounds.CopyTo(other._rounds);
        _replication.CopyTo(other._replication);
        _reads.CopyTo(other._reads);
        _limit.CopyTo(other._limit);
        _transfer.CopyTo(other._transfer);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        _replication.AddTo(ref fingerprint);
        _reads.AddTo(ref fingerprint);
        _transfer.AddTo(ref fingerprint);
    }

    private LeaderView View(LogPosition snapshot) => new(_term, _commit.Commit, OwnTermCommitted, snapshot);

    private void BeginRound(Instant now)
    {
        var round = _rounds.Begin(now);
        if (OwnTermCommitted)
            _reads.Assign(round, _commit.Commit);
    }

    private void Confirm(CoreOutput output)
    {
        var round = Math.Min(_replication.RoundAnsweredByMajority(), _rounds.Current);
        _reads.Confirm(round, _term, output);
        _replication.ConfirmEchoes(round);
    }

    /// <summary>What the newest configuration, which is committed, calls for. True: for our leaving.</summary>
    private bool GoOnWithMembers(LogPosition snapshot, Instant now, CoreOutput output)
    {
        var current = _membership.Current;
        if (!current.IsJoint && !_membership.Votes)
            return true;
        if (output.AppendCount > 0)
            return false; // The next input finds the same.
        if (current.IsJoint)
        {
            Append(current.Leave(), snapshot, now, output);
        }

        return false;
    }

    /// <summary>Writes down with which data folders learners came, once they were heard.</summary>
    private void BindLearners(LogPosition snapshot, Instant now, CoreOutput output)
    {
        var current = _membership.Current;
        var bound = ChangeRules.Bind(current, DiskOf);
        if (bound != current && !current.IsJoint && output.AppendCount == 0)
            Append(bound, snapshot, now, output);
    }

    private ulong DiskOf(NodeId id) => id == _self ? _disk : _replication[_membership.Current.SlotOf(id)].Disk;

    private void Append(Configuration configuration, LogPosition snapshot, Instant now, CoreOutput output)
    {
        var index = _log.Last.Index.Next;
        output.AppendOwn(index, configuration);
        output.SequenceOf(_writes);
        var length = ConfigurationFormat.SizeOf(configuration);
        _membership.Append(index, configuration);
        _replication.Reconfigure(now); // Before the entry is in the log: it is then the first that a new member is sent.
        _log.Append(new(_term, EntryKind.Configuration, length));
        _limit.Own(length);
        _replication.SendToAll(View(snapshot), now, output);
    }

    /// <summary>Whether the voters to come can do their work: they are heard, and who gets a vote holds nearly all of the log.</summary>
    private Refusal Judge(MemberChange change, Configuration next, Instant now)
    {
        if (!next.IsJoint)
            return Refusal.None;
        var heard = 0u;
        for (var slot = 0; slot < next.Count; slot++)
        {
            var id = next.IdAt(slot);
            if (id == _self || IsHeard(slot, now))
                heard |= 1u << slot;
        }

        if (!next.Members.All(static member => member.IsLearner || member.Disk != 0))
            return Refusal.LearnerBehind; // It has not been heard yet.
        var comes = change.Kind == MemberChangeKind.Promote ? change.Id : change.Kind == MemberChangeKind.Replace ? change.With : NodeId.None;
        if (comes != NodeId.None && !IsCaughtUp(next.SlotOf(comes), now))
            return Refusal.LearnerBehind;
        return Quorum.IsReached(next, heard) ? Refusal.None : Refusal.WouldLoseQuorum;
    }

    /// <summary>Whether a peer answered this leader lately. That a term has only begun is no answer: its members may all be down.</summary>
    private bool IsHeard(int slot, Instant now) => _replication[slot].AnsweredRound > 0 && now - _replication[slot].LastContact < _options.ElectionTimeout;

    /// <summary>Whether a learner lacks no more than it takes in within an election timeout (dissertation 4.2.1).</summary>
    private bool IsCaughtUp(int slot, Instant now)
    {
        var peer = _replication[slot];
        if (peer.State != ProgressState.Replicate || !IsHeard(slot, now))
            return false;
        var allowed = Math.Max(_options.CaughtUpBytes, peer.Intake.BytesPerSecond * _options.ElectionTimeout.TotalSeconds);
        return _log.BytesBetween(peer.Match, _log.Last.Index) <= allowed;
    }

    /// <summary>Hands over to a voter that should rather lead, once it has caught up and this term has settled.</summary>
    private void Prefer(Instant now)
    {
        if (!OwnTermCommitted || _membership.Index > _commit.Commit || now - _startedAt < 4 * _options.ElectionTimeout || now < _transfer.AgainAt)
            return;
        var least = IsFull ? 0 : _membership.Current.Members[_membership.Self].Priority + 1;
        var heir = Best(now, least);
        if (heir != NodeId.None && _replication[_membership.Current.SlotOf(heir)].Match >= _commit.Commit)
            _transfer.Begin(heir, now);
    }

    /// <summary>The voter heard lately that has the highest priority and, among those, the longest log; last comes the one that failed to take over last time.</summary>
    private NodeId Best(Instant now, int leastPriority)
    {
        var configuration = _membership.Current;
        var best = -1;
        for (var slot = 0; slot < configuration.Count; slot++)
        {
            var isFit = slot != _membership.Self && ((configuration.Incoming >> slot) & 1) != 0
                && configuration.Members[slot].Priority >= leastPriority && IsHeard(slot, now);
            if (isFit && (best < 0 || Rank(slot).CompareTo(Rank(best)) > 0))
                best = slot;
        }

        return best < 0 ? NodeId.None : configuration.IdAt(best);

        (bool IsUntried, int Priority, long Match) Rank(int slot) =>
            (configuration.IdAt(slot) != _transfer.Failed, configuration.Members[slot].Priority, _replication[slot].Match.Value);
    }

    /// <summary>Once the target has everything it may stand. Said again with each heartbeat: a word may be lost, a repeated one is harmless.</summary>
    private void TellTarget(CoreOutput output)
    {
        if (_transfer.IsTold || _membership.Current.SlotOf(_transfer.Target) is not (>= 0 and var slot) || _replication[slot].Match != _log.Last.Index)
            return;
        _transfer.IsTold = true;
        output.Send(new() { Kind = MessageKind.ElectNow, From = _self, To = _transfer.Target, Term = _term }, 0);
    }
}
