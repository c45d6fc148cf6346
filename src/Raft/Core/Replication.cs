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
internal sealed class Replication
{
    private readonly CoreOptions _options;
    private readonly Configuration _configuration;
    private readonly NodeId _self;
    private readonly int _selfSlot;
    private readonly LogShape _log;
    private readonly Progress[] _peers;
    private Instant _heartbeatAt;

    public Replication(CoreOptions options, Configuration configuration, NodeId self, LogShape log)
    {
        (_options, _configuration, _self, _log) = (options, configuration, self, log);
        _selfSlot = configuration.SlotOf(self);
        _peers = new Progress[configuration.Voters.Length];
        for (var slot = 0; slot < _peers.Length; slot++)
            _peers[slot] = new(options.MaxInflightAppends);
    }

    /// <summary>When the next heartbeat is due.</summary>
    public Instant HeartbeatAt => _heartbeatAt;

    /// <summary>What is known of the peer in a slot.</summary>
    public Progress this[int slot] => _peers[slot];

    /// <summary>A term of leadership begins; the opening entry is not in the log yet.</summary>
    public void Start(Instant now)
    {
        foreach (var peer in _peers)
            peer.Start(_log.Last.Index, now);
        _heartbeatAt = now + _options.HeartbeatInterval;
    }

    /// <summary>Sends every peer what its window takes.</summary>
    public void SendToAll(in LeaderView view, Instant now, CoreOutput output)
    {
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot != _selfSlot)
                SendTo(slot, view, now, output);
        }
    }

    /// <summary>Heartbeats to all, and again what has gone unanswered for too long.</summary>
    public void Beat(in LeaderView view, Instant now, CoreOutput output)
    {
        _heartbeatAt = now + _options.HeartbeatInterval;
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot == _selfSlot)
                continue;
            SendHeartbeat(slot, view, output);
            var peer = _peers[slot];
            if (peer.IsWaiting && now - peer.WaitingSince >= _options.RetransmitAfter)
                peer.Probe(peer.Match.Next);
            SendTo(slot, view, now, output);
        }
    }

    /// <summary>Empty appends to all, to confirm a read round.</summary>
    public void SendRound(in LeaderView view, CoreOutput output)
    {
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot != _selfSlot)
                SendHeartbeat(slot, view, output);
        }
    }

    /// <summary>A peer answered an append or installed a snapshot. True: it holds more than was known.</summary>
    public bool OnReply(in Message message, int slot, in LeaderView view, Instant now, CoreOutput output)
    {
        var peer = _peers[slot];
        if (message.Position.Index > _log.Last.Index)
            return false; // Nothing of ours: a broken peer must not move what we count.
        peer.Answered(message.Round, now);
        bool advanced;
        if (message.Accepted)
        {
            advanced = peer.Matched(message.Position.Index, _log.Base.Index, now);
        }
        else
        {
            OnRefused(message, peer);
            advanced = false;
        }

        SendTo(slot, view, now, output);
        return advanced;
    }

    /// <summary>
    /// The log is on disk up to here at a majority, the leader's own part given by <paramref name="own"/>.
    /// </summary>
    public LogIndex MatchedByMajority(LogIndex own)
    {
        Span<long> values = stackalloc long[_peers.Length];
        for (var slot = 0; slot < _peers.Length; slot++)
            values[slot] = slot == _selfSlot ? own.Value : _peers[slot].Match.Value;
        return new(Quorum.ReachedBy(_configuration, values));
    }

    /// <summary>The newest round that a majority answered; the leader itself answers every round at once.</summary>
    public long RoundAnsweredByMajority()
    {
        Span<long> values = stackalloc long[_peers.Length];
        for (var slot = 0; slot < _peers.Length; slot++)
            values[slot] = slot == _selfSlot ? long.MaxValue : _peers[slot].AnsweredRound;
        return Quorum.ReachedBy(_configuration, values);
    }

    /// <summary>
    /// When a majority was last heard. The leader hears itself as long as its own disk answers: one whose disk hangs must make
    /// way although its heartbeats go on.
    /// </summary>
    public Instant MajorityHeardAt(Instant now, Instant oldestWrite)
    {
        Span<long> values = stackalloc long[_peers.Length];
        for (var slot = 0; slot < _peers.Length; slot++)
            values[slot] = slot == _selfSlot ? Instant.Min(now, oldestWrite).Nanoseconds : _peers[slot].LastContact.Nanoseconds;
        return new(Quorum.ReachedBy(_configuration, values));
    }

    public void CopyTo(Replication other)
    {
        other._heartbeatAt = _heartbeatAt;
        for (var slot = 0; slot < _peers.Length; slot++)
            _peers[slot].CopyTo(other._peers[slot]);
    }

    public void AddTo(ref Fingerprint fingerprint)
    {
        for (var slot = 0; slot < _peers.Length; slot++)
        {
            if (slot != _selfSlot)
                _peers[slot].AddTo(ref fingerprint);
        }
    }

    private static void Advance(Progress peer, LogIndex match) => peer.Probe(LogIndex.Max(match, peer.Match).Next);

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
            Advance(peer, _log.LastNotAbove(message.Position).Index);
    }

    private void SendTo(int slot, in LeaderView view, Instant now, CoreOutput output)
    {
        var peer = _peers[slot];
        if (peer.State == ProgressState.Snapshot || (peer.State == ProgressState.Probe && peer.IsWaiting))
            return;
        if (peer.Next <= _log.Base.Index)
        {
            Offer(slot, view, now, output);
            return;
        }

        while (peer.Next <= _log.Last.Index)
        {
            if (peer.State == ProgressState.Replicate
                && (peer.InflightAppends == _options.MaxInflightAppends || peer.InflightBytes >= _options.MaxInflightBytes))
            {
                return;
            }

            var count = Fit(peer.Next, out var bytes);
            var previous = _log.At(peer.Next.Previous);
            SendAppend(slot, previous, count, view, output);
            peer.SentEntries(previous.Index + count, bytes, now);
            if (peer.State == ProgressState.Probe)
                return;
        }
    }

    /// <summary>How many entries from <paramref name="first"/> on go into one append: at least one, and contiguous.</summary>
    private int Fit(LogIndex first, out int bytes)
    {
        bytes = 0;
        var count = 0;
        for (var index = first; index <= _log.Last.Index && count < _options.MaxAppendEntries; index = index.Next)
        {
            var length = _log.LengthAt(index);
            if (count > 0 && bytes + length > _options.MaxAppendBytes)
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
        SendAppend(slot, match >= _log.Base.Index ? _log.At(match) : LogPosition.Zero, 0, view, output);
    }

    private void SendAppend(int slot, LogPosition previous, int count, in LeaderView view, CoreOutput output) =>
        output.Send(
            new()
            {
                Kind = MessageKind.Append,
                From = _self,
                To = _configuration.Voters[slot],
                Term = view.Term,
                Position = previous,
                Commit = view.Commit,
                Match = _peers[slot].Match,
                Round = view.Round,
                Count = count,
            },
            0);

    private void Offer(int slot, in LeaderView view, Instant now, CoreOutput output)
    {
        var peer = _peers[slot];
        Invariant.Check(view.Snapshot.Index >= _log.Base.Index, "what is compacted away stands in a snapshot");
        peer.AwaitSnapshot(view.Snapshot.Index, now);
        output.Send(
            new()
            {
                Kind = MessageKind.SnapshotOffer,
                From = _self,
                To = _configuration.Voters[slot],
                Term = view.Term,
                Position = view.Snapshot,
                Round = view.Round,
            },
            0);
    }
}

/// <summary>What an append tells besides entries.</summary>
internal readonly record struct LeaderView(Term Term, LogIndex Commit, long Round, LogPosition Snapshot);
