namespace RaftStream.Raft.Core;

/// <summary>What a message of a later term does to us.</summary>
internal enum LaterTerm : byte
{
    /// <summary>The message ends here.</summary>
    Ignore = 0,

    /// <summary>It is answered, but its term is not ours.</summary>
    Keep = 1,

    /// <summary>Its term becomes ours.</summary>
    Adopt = 2,
}

/// <summary>
/// Who leads: role, term, vote and the timers of elections (dissertation 3.4; pre-vote 9.6; leader stickiness 4.2.3).
/// </summary>
/// <remarks>
/// Kept true: at most one vote a term; term and vote are on disk before a word of them leaves the node, the candidate's own vote
/// and its requests included; a vote counts once, for its own term; a pre-vote counts once, for its own campaign.
/// [safety] A request for votes leaves after the sync, too. Counter-example without this: a candidate asks for votes in term 5
/// with an unsynced tail, crashes, comes back in term 4 without the tail, stands in term 5 again, and is elected with the
/// grants that its longer log earned.
/// </remarks>
internal sealed class Election(CoreOptions options, Membership membership, NodeId self, ulong seed)
{
    private Prng _prng = new(seed);
    private Instant _deadline;
    private Instant _stickyUntil;
    private long _campaign;
    private readonly ulong[] _disks = new ulong[Configuration.MaxMembers];
    private long _hardStateSequence;
    private uint _votes;

    public Role Role { get; private set; }

    public Term Term { get; private set; }

    public NodeId Vote { get; private set; }

    public NodeId Leader { get; private set; }

    /// <summary>Whether this node could lead only badly, its disk being full: it leaves the first try to others.</summary>
    public bool IsHandicapped { get; set; }

    /// <summary>When the election timer ends; meaningless for a leader.</summary>
    public Instant Deadline => Role == Role.Leader ? Instant.Never : _deadline;

    /// <summary>The write that carries term and vote, if it is still under way; else 0.</summary>
    public long PendingSequence(PendingWrites writes) => _hardStateSequence > writes.CompletedSequence ? _hardStateSequence : 0;

    public void Recover(HardState state, Instant now)
    {
        (Term, Vote) = (state.Term, state.Vote);
        _stickyUntil = now + options.ElectionTimeout;
        _deadline = now + Patience();
    }

    /// <summary>
    /// Whether votes are refused for now because a leader was heard, or may have been heard just before a restart: a node that
    /// lost touch alone cannot depose a leader that a majority hears.
    /// </summary>
    public bool IsSticky(Instant now) => Role == Role.Leader || now < _stickyUntil;

    /// <summary>
    /// A message of a later term came in. A pre-vote does not carry its term to us, or a node that was cut off could depose a working
    /// leader by asking; a refusal to our own pre-vote does, or a node of a lower term with the better log could never be elected.
    /// </summary>
    public LaterTerm JudgeLaterTerm(in Message message, Instant now) => message.Kind switch
    {
        MessageKind.PreVote => LaterTerm.Keep,
        MessageKind.PreVoteReply when message.Accepted => LaterTerm.Keep,
        MessageKind.Vote when IsSticky(now) && !message.ByTransfer => LaterTerm.Ignore,
        _ => LaterTerm.Adopt,
    };

    /// <summary>Becomes a follower, in the term given or in a later one than before.</summary>
    public void Follow(Term term, NodeId leader, Instant now, CoreOutput output, PendingWrites writes)
    {
        Invariant.Check(term >= Term, "terms never fall");
        if (Role == Role.Leader)
            _stickyUntil = now;
        if (Role is Role.Leader or Role.Candidate)
            _deadline = now + Patience();
        Role = Role.Follower;
        Leader = leader;
        _votes = 0;
        if (term > Term)
            Persist(term, NodeId.None, output, writes);
    }

    /// <summary>The leader of this term was heard.</summary>
    public void Heard(NodeId leader, Instant now)
    {
        Leader = leader;
        _stickyUntil = now + options.ElectionTimeout;
        _deadline = now + Patience();
    }

    /// <summary>The timer ended: ask first whether an election could be won. A node that may not stand only notes that nobody leads.</summary>
    public void Campaign(Instant now, LogPosition last, CoreOutput output, PendingWrites writes)
    {
        Leader = NodeId.None;
        if (!membership.MayStand)
        {
            (Role, _deadline) = (Role.Follower, now + Patience());
            return;
        }

        Role = Role.PreCandidate;
        _campaign++;
        _votes = OwnVote;

        // Asking disturbs nobody, so ask again soon: peers may have been only a heartbeat away from giving their leader up.
        _deadline = now + _prng.Between1And2Times(options.ElectionTimeout / 4);
        if (IsWon())
            Stand(now, last, byTransfer: false, output, writes);
        else
            Ask(MessageKind.PreVote, last, 0, byTransfer: false, output);
    }

    /// <summary>
    /// The leader hands leadership over to us: stand without asking first. Not with a full disk: two nodes of which one has the higher priority and
    /// the other the room would hand leadership to and fro for ever.
    /// </summary>
    public void OnElectNow(in Message message, LogPosition last, Instant now, CoreOutput output, PendingWrites writes)
    {
        if (Role != Role.Follower || message.From != Leader || !membership.Votes || IsHandicapped)
            return;
        Leader = NodeId.None;
        _campaign++;
        Stand(now, last, byTransfer: true, output, writes);
    }

    /// <summary>Answers a pre-vote (dissertation 9.6): no promise, nothing changes.</summary>
    public void OnPreVote(in Message message, LogPosition last, Instant now, CoreOutput output)
    {
        var granted = !IsSticky(now) && message.Term >= Term && message.Position.IsAtLeastAsUpToDateAs(last);
        Reply(MessageKind.PreVoteReply, message, granted, 0, output);
    }

    /// <summary>Counts a pre-vote; a majority starts the election.</summary>
    public void OnPreVoteReply(in Message message, int slot, LogPosition last, Instant now, CoreOutput output, PendingWrites writes)
    {
        if (Role != Role.PreCandidate || message.Round != _campaign || !message.Accepted)
            return;
        _votes |= 1u << slot;
        if (IsWon())
            Stand(now, last, byTransfer: false, output, writes);
    }

    /// <summary>
    /// Answers a request for a vote in our own term. [safety] Stickiness counts here, too: our term may have risen by another message
    /// than a vote request, or before a restart, and a leader may hold a lease that our last acknowledgement extended.
    /// A vote that was given once is said again.
    /// </summary>
    public void OnVote(in Message message, LogPosition last, Instant now, CoreOutput output, PendingWrites writes)
    {
        var granted = Role == Role.Follower
            && Leader == NodeId.None
            && (Vote == message.From || (Vote == NodeId.None && (!IsSticky(now) || message.ByTransfer)))
            && message.Position.IsAtLeastAsUpToDateAs(last);
        if (granted && Vote == NodeId.None)
            Persist(Term, message.From, output, writes);
        if (granted)
            _deadline = now + Patience();
        Reply(MessageKind.VoteReply, message, granted, PendingSequence(writes), output);
    }

    /// <summary>Refuses, and tells our term.</summary>
    public void Refuse(MessageKind kind, in Message message, CoreOutput output, PendingWrites writes) =>
        Reply(kind, message, false, PendingSequence(writes), output);

    /// <summary>
    /// Tells a leader of an earlier term that it is over. [safety] The round is left out: the same node may lead our term by the time
    /// this arrives, and its rounds of then prove nothing now.
    /// </summary>
    public void RefuseOldLeader(in Message message, CoreOutput output, PendingWrites writes) =>
        Refuse(MessageKind.AppendReply, message with { Round = 0 }, output, writes);

    /// <summary>Counts a vote of our own term. True: won.</summary>
    public bool OnVoteReply(in Message message, int slot)
    {
        if (Role != Role.Candidate || !message.Accepted || message.Round != _campaign)
            return false;
        _votes |= 1u << slot;
        _disks[slot] = message.Disk;
        return IsWon();
    }

    /// <summary>The candidate's own vote counts once it is on disk. True: won.</summary>
    public bool OnDurable(PendingWrites writes)
    {
        if (Role != Role.Candidate || PendingSequence(writes) != 0)
            return false;
        _votes |= OwnVote;
        return IsWon();
    }

    /// <summary>The data folder with which the member in a slot voted for us in this campaign; 0 if it did not.</summary>
    public ulong DiskOf(int slot) => _disks[slot];

    /// <summary>The election is won.</summary>
    public void Lead()
    {
        Invariant.Check(Role == Role.Candidate && Vote == self, "only a candidate that voted for itself wins");
        Role = Role.Leader;
        Leader = self;
    }

    public void CopyTo(Election other)
    {
        (other.Role, other.Term, other.Vote, other.Leader) = (Role, Term, Vote, Leader);
        _disks.CopyTo(other._disks.AsSpan());
        (other._prng, other._deadline, other._stickyUntil) = (_prng, _deadline, _stickyUntil);
        (other._campaign, other._hardStateSequence, other._votes, other.IsHandicapped) = (_campaign, _hardStateSequence, _votes, IsHandicapped);
    }

    /// <summary>
    /// Timers enter by their order, not their instants; the campaign's number only matters to stale replies. Votes matter until the election is
    /// won or lost, and until the cluster has formed the folders that they came with.
    /// </summary>
    public void AddTo(ref Fingerprint fingerprint, PendingWrites writes)
    {
        fingerprint.Add((long)Role);
        fingerprint.Add(Term.Value);
        fingerprint.Add(Vote.Value);
        fingerprint.Add(Leader.Value);
        fingerprint.Add(Role is Role.PreCandidate or Role.Candidate ? _votes : 0);
        for (var slot = 0; !membership.IsFormed && slot < membership.Current.Count; slot++)
            fingerprint.Add((long)_disks[slot]);
        fingerprint.Add(PendingSequence(writes) == 0 ? 0 : 1);
        fingerprint.Add(_deadline <= _stickyUntil ? 1 : 0);
    }

    private void Stand(Instant now, LogPosition last, bool byTransfer, CoreOutput output, PendingWrites writes)
    {
        Role = Role.Candidate;
        _votes = 0;
        Array.Clear(_disks);
        _deadline = now + _prng.Between1And2Times(options.ElectionTimeout);
        Persist(Term.Next, self, output, writes);
        Ask(MessageKind.Vote, last, _hardStateSequence, byTransfer, output);
    }

    /// <summary>A node that its own newest configuration leaves out does not count itself.</summary>
    private uint OwnVote => membership.Self >= 0 ? 1u << membership.Self : 0;

    /// <summary>A quorum voted for us; before the cluster has formed, all.</summary>
    private bool IsWon() => membership.IsFormed
        ? Quorum.IsReached(membership.Current, _votes)
        : (membership.Current.Incoming & ~_votes) == 0;

    /// <summary>How long to wait for a leader: longer where somebody else should rather lead, or could better.</summary>
    private TimeSpan Patience()
    {
        var patience = _prng.Between1And2Times(options.ElectionTimeout);
        if (membership.HasPreferred)
            patience += options.ElectionTimeout;
        return IsHandicapped ? patience + (2 * options.ElectionTimeout) : patience;
    }

    private void Persist(Term term, NodeId vote, CoreOutput output, PendingWrites writes)
    {
        (Term, Vote) = (term, vote);
        output.Write(new(term, vote));
        _hardStateSequence = output.SequenceOf(writes);
    }

    private void Ask(MessageKind kind, LogPosition last, long afterSequence, bool byTransfer, CoreOutput output)
    {
        var configuration = membership.Current;
        for (var slot = 0; slot < configuration.Count; slot++)
        {
            if (slot != membership.Self && configuration.Votes(slot))
                output.Send(new() { Kind = kind, From = self, To = configuration.IdAt(slot), Term = Term, Position = last, Round = _campaign, ByTransfer = byTransfer }, afterSequence);
        }
    }

    private void Reply(MessageKind kind, in Message to, bool accepted, long afterSequence, CoreOutput output) =>
        output.Send(new() { Kind = kind, From = self, To = to.From, Term = Term, Round = to.Round, Accepted = accepted }, afterSequence);
}
