namespace RaftStream.Raft.Core;

/// <summary>
/// The leader's side of log replication (dissertation 3.5, pipelined as in 10.2.1) with heartbeats and check-quorum (6.2).
/// </summary>
/// <remarks>
/// Kept true: entries go to peers in parallel with the leader's own disk write, so nothing here counts the leader's own copy;
/// an append holds contiguous entries; a peer is sent no more than its window.
/// Heartbeats carry the position that the peer is known to match, never the end of the pipeline: they travel on a lane of their
/// own and overtake entries, and must not be refused for that.
/// </remarks>
internal sealed class Replication(CoreOptions options, Membership membership, NodeId self, LogShape log, Rounds rounds)
{
    private readonly List<Progress> _spare = [];
    private Progress[] _peers = [];
    private Instant _heartbeatAt;

    /// <summary>When the next heartbeat is due.</summary>
    public Instant HeartbeatAt => _heartbeatAt;

    /// <summary>What is known of the peer in a slot.</summary>
    public Progress this[int slot] => _peers[slot];

    /// <summary>A term of leadership begins; the opening entry is not in the log yet.</summary>
    public void Start(Instant now)
    {
        Reconfigure(now);
        foreach (var peer in _peers)
            peer.Start(log.Last.Index, now);
        _heartbeatAt = now + options.HeartbeatInterval;
    }

    /// <summary>The members changed: what is known of those who stay is kept.</summary>
    public void Reconfigure(Instant now)
    {
        var configuration = membership.Current;
        var peers = new Progress[configuration.Count];
        foreach (var peer in _peers)
        {
            if (configuration.SlotOf(peer.Id) is >= 0 and var slot)
                peers[slot] = peer;
            else
                _spare.Add(peer);
        }

        for (var slot = 0; slot < peers.Length; slot++)
            peers[slot] ??= Rent(configuration.IdAt(slot), now);
        _peers = peers;
    }

    /// <summary>Sends every peer what its window takes.</summary>
    public void SendToAll(in LeaderView view, Instant now, CoreOutput output)
    {
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot != membership.Self)
                SendTo(slot, view, now, output);
        }
    }

    /// <summary>Heartbeats to all, and again what has gone unanswered for too long.</summary>
    public void Beat(in LeaderView view, Instant now, CoreOutput output)
    {
        _heartbeatAt = now + options.HeartbeatInterval;
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot == membership.Self)
                continue;
            SendHeartbeat(slot, view, output);
            var peer = _peers[slot];
            if (peer.IsWaiting && now - peer.WaitingSince >= options.RetransmitAfter)
                peer.Probe(RetryFrom(peer));
            SendTo(slot, view, now, output);
        }
    }

    /// <summary>Empty appends to all, to confirm a read round.</summary>
    public void SendRound(in LeaderView view, CoreOutput output)
    {
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot != membership.Self)
                SendHeartbeat(slot, view, output);
        }
    }

    /// <summary>A peer answered an append or installed a snapshot.</summary>
    public void OnReply(in Message message, int slot, in LeaderView view, Instant now, CoreOutput output)
    {
        var peer = _peers[slot];
        if (message.Position.Index > log.Last.Index || message.Round > rounds.Current)
            return; // Nothing of ours: a broken peer must not move what we count.
        peer.Answered(message.Round, rounds.BegunAt(message.Round), message.Disk, now);
        if (message.Accepted)
        {
            if (view.OwnTermCommitted)
                peer.Echo.Note(message, view.Commit, rounds.Current);
            var before = peer.Match;
            if (peer.Matched(message.Position.Index, log.Base.Index, now) && membership.Current.Members[slot].IsLearner)
                peer.Intake.Add(before >= log.Base.Index ? log.BytesBetween(before, peer.Match) : 0, now);
        }
        else
        {
            OnRefused(message, peer);
        }

        SendTo(slot, view, now, output);
    }

    /// <summary>
    /// The log is on disk up to here at a majority, the leader's own part given by <paramref name="own"/>.
    /// </summary>
    public LogIndex MatchedByMajority(LogIndex own)
    {
        Span<long> values = stackalloc long[Configuration.MaxMembers];
        for (var slot = 0; slot < _peers.Length; slot++)
            values[slot] = slot == membership.Self ? own.Value : _peers[slot].Match.Value;
        return new(Quorum.ReachedBy(membership.Current, values));
    }

    /// <summary>The newest round that a majority answered; the leader itself answers every round at once.</summary>
    public long RoundAnsweredByMajority()
    {
        Span<long> values = stackalloc long[Configuration.MaxMembers];
        for (var slot = 0; slot < _peers.Length; slot++)
            values[slot] = slot == membership.Self ? long.MaxValue : _peers[slot].AnsweredRound;
        return Quorum.ReachedBy(membership.Current, values);
    }

    /// <summary>
    /// When a majority was last heard. The leader hears itself as long as its own disk answers: one whose disk hangs counts itself out.
    /// </summary>
    public Instant MajorityHeardAt(Instant now, Instant oldestWrite)
    {
        Span<long> values = stackalloc long[Configuration.MaxMembers];
        for (var slot = 0; slot < _peers.Length; slot++)
            values[slot] = slot == membership.Self ? Instant.Min(now, oldestWrite).Nanoseconds : _peers[slot].LastContact.Nanoseconds;
        return new(Quorum.ReachedBy(membership.Current, values));
    }

    /// <summary>When the newest round was sent that a quorum answered, peer by peer its own; the leader answers itself at once.</summary>
    public Instant QuorumSentAt(Instant now)
    {
        Span<long> values = stackalloc long[Configuration.MaxMembers];
        for (var slot = 0; slot < _peers.Length; slot++)
            values[slot] = slot == membership.Self ? now.Nanoseconds : _peers[slot].AnsweredSentAt.Nanoseconds;
        return new(Quorum.ReachedBy(membership.Current, values));
    }

    /// <summary>A quorum answered rounds up to this one: what was noted before it may be told back.</summary>
    public void ConfirmEchoes(long round)
    {
        foreach (var peer in _peers)
            peer.Echo.Confirm(round);
    }

    public void CopyTo(Replication other)
    {
        // One that leads no more still knows the peers of then, who need not be the members of now.
        other._heartbeatAt = _heartbeatAt;
        other._spare.AddRange(other._peers);
        other._peers = new Progress[_peers.Length];
        for (var slot = 0; slot < _peers.Length; slot++)
            _peers[slot].CopyTo(other._peers[slot] = other.Rent(_peers[slot].Id, _heartbeatAt));
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot != membership.Self)
                _peers[slot].AddTo(ref fingerprint);
        }
    }

    /// <summary>Only the refusal of what is being asked now counts; a late or repeated one must not move the pipeline.</summary>
    private void OnRefused(in Message message, Progress peer)
    {
        var isCurrent = peer.State switch
        {
            ProgressState.Probe => message.Match == peer.Next.Previous,
            ProgressState.Replicate => message.Match > peer.Match && message.Match < peer.Next,
            _ => false,
        };
        if (isCurrent)
            peer.Probe(LogIndex.Max(MeetingPlace(message.Position), peer.Match).Next);
    }

    /// <summary>
    /// The last place where our log may agree with a peer's that answered with this hint. Where that lies below our base, the answer
    /// does too, so that a snapshot is offered. Counter-example without this: our log begins at 11, the peer's ends at 3; the
    /// base, 10, is refused, and would be probed again for ever.
    /// </summary>
    private LogIndex MeetingPlace(LogPosition hint)
    {
        var place = log.LastNotAbove(hint);
        return place.Index <= hint.Index && place.Term <= hint.Term ? place.Index : place.Index.Previous;
    }

    private void SendTo(int slot, in LeaderView view, Instant now, CoreOutput output)
    {
        var peer = _peers[slot];
        if (peer.State == ProgressState.Snapshot || (peer.State == ProgressState.Probe && peer.IsWaiting))
            return;
        if (peer.Next <= log.Base.Index)
        {
            Offer(slot, view, now, output);
            return;
        }

        while (peer.Next <= log.Last.Index)
        {
            if (peer.State == ProgressState.Replicate
                && (peer.InflightAppends == options.MaxInflightAppends || peer.InflightBytes >= options.MaxInflightBytes))
            {
                return;
            }

            var count = Fit(peer.Next, out var bytes);
            var previous = log.At(peer.Next.Previous);
            SendAppend(slot, previous, count, view, output);
            peer.SentEntries(previous.Index + count, bytes, now);
            if (peer.State == ProgressState.Probe)
                return;
        }
    }

    /// <summary>
    /// A probe that went unanswered is asked again at the same place. To go back to the match instead would, for a peer that was down when
    /// this term began, be the very first entry: the whole log again, or a whole snapshot, where a few entries are missing.
    /// </summary>
    private static LogIndex RetryFrom(Progress peer) => peer.State == ProgressState.Probe ? peer.Next : peer.Match.Next;

    /// <summary>How many entries from <paramref name="first"/> on go into one append: at least one, and contiguous.</summary>
    private int Fit(LogIndex first, out int bytes)
    {
        bytes = 0;
        var count = 0;
        for (var index = first; index <= log.Last.Index && count < options.MaxAppendEntries; index = index.Next)
        {
            var length = log.LengthAt(index);
            if (count > 0 && bytes + length > options.MaxAppendBytes)
                break;
            bytes += length;
            count++;
        }

        return count;
    }

    private void SendHeartbeat(int slot, in LeaderView view, CoreOutput output)
    {
        // Where the match lies below our base its term is forgotten; the place before the first entry matches everywhere.
        var match = _peers[slot].Match;
        SendAppend(slot, match >= log.Base.Index ? log.At(match) : LogPosition.Zero, 0, view, output);
    }

    private void SendAppend(int slot, LogPosition previous, int count, in LeaderView view, CoreOutput output)
    {
        var echo = _peers[slot].Echo.Confirmed;
        output.Send(
            new()
            {
                Kind = MessageKind.Append,
                From = self,
                To = membership.Current.IdAt(slot),
                Term = view.Term,
                Position = previous,
                Commit = view.Commit,
                Match = _peers[slot].Match,
                Round = rounds.Current,
                Count = count,
                Clock = echo.Clock,
                Life = echo.Life,
                Echo = echo.Commit,
            },
            0);
    }

    private Progress Rent(NodeId id, Instant now)
    {
        var peer = _spare.Count > 0 ? _spare[^1] : new Progress(options.MaxInflightAppends);
        if (_spare.Count > 0)
            _spare.RemoveAt(_spare.Count - 1);
        peer.Id = id;
        peer.Start(log.Last.Index, now);
        return peer;
    }

    private void Offer(int slot, in LeaderView view, Instant now, CoreOutput output)
    {
        var peer = _peers[slot];
        Invariant.Check(view.Snapshot.Index >= log.Base.Index, "what is compacted away stands in a snapshot");
        peer.AwaitSnapshot(view.Snapshot.Index, now);
        output.Send(
            new()
            {
                Kind = MessageKind.SnapshotOffer,
                From = self,
                To = membership.Current.IdAt(slot),
                Term = view.Term,
                Position = view.Snapshot,
                Round = rounds.Current,
            },
            0);
    }
}

/// <summary>What an append tells besides entries.</summary>
internal readonly record struct LeaderView(Term Term, LogIndex Commit, bool OwnTermCommitted, LogPosition Snapshot);
