namespace RaftStream.Raft;

/// <summary>How a session's command was judged.</summary>
/// <param name="Refusal">Why it is not run, or None.</param>
/// <param name="Reply">New: takes the reply. Run before: the reply of that time, perhaps still to come. Refused: null.</param>
/// <param name="IsNew">It goes to the state machine now.</param>
internal readonly record struct SessionVerdict(Refusal Refusal, StoredReply? Reply, bool IsNew);

/// <summary>
/// The open sessions: replicated state, the same on every replica after the same entry (dissertation 6.3). Decides which commands of
/// sessions reach the state machine. Owned by whoever applies the log.
/// </summary>
/// <remarks>
/// [safety] A command is run only if its session is open, its sequence is not acknowledged, and no command of that sequence was run: so
/// each is run at most once, in whatever order and however often the attempts come. A session that is gone never comes back, since its
/// id is a log index: a late attempt finds no session, not an empty one.
/// [safety] Time is the entries' log time, and sessions expire only while an entry of a kind that every replica looks at is applied: never
/// because a clock went on between two entries.
/// Commands go to the state machine in batches whose bounds differ from replica to replica, so no decision may depend on a reply that
/// is not complete: see <see cref="MustKnowReplies"/>.
/// </remarks>
internal sealed class SessionTable(SessionLimits limits)
{
    private readonly Dictionary<long, Session> _sessions = [];
    private readonly SessionDeadlines _deadlines = new();
    private Session? _oldest;
    private Session? _newest;
    private int _pending;

    /// <summary>Open sessions.</summary>
    public int Count => _sessions.Count;

    /// <summary>What all sessions and replies together are charged.</summary>
    public long Charge
    {
        get => Counters.ReplyBytes.Value;
        private set => Counters.ReplyBytes.Set(value);
    }

    /// <summary>How many replies are held.</summary>
    public int Replies { get; private set; }

    /// <summary>The hash of everything in here; 0 without a session.</summary>
    public ulong Hash { get; private set; }

    /// <summary>What has happened since the start of this replica: no part of the replicated state.</summary>
    public SessionCounters Counters { get; } = new();

    /// <summary>The sessions in the order of their last use, longest ago first.</summary>
    public IEnumerable<Session> InOrder
    {
        get
        {
            for (var session = _oldest; session is not null; session = session.Newer)
                yield return session;
        }
    }

    /// <summary>Sessions that are idle for as long as they may be at this log time are gone.</summary>
    public void ExpireAt(long time)
    {
        while (_deadlines.Expired(time) is { } expired)
        {
            Remove(expired);
            Counters.Expired.Add(1);
        }
    }

    /// <summary>Opens a session at an entry. None, or TableFull.</summary>
    public Refusal Open(LogIndex index, long time, long idleTimeout)
    {
        if (Count == limits.MaxSessions)
        {
            EvictOne(time);
            if (Count == limits.MaxSessions)
                return Refusal.SessionTableFull;
        }

        var session = new Session(new(index.Value), idleTimeout);
        session.Use(index, time, 0);
        Add(session);
        Counters.Opened.Add(1);
        return Refusal.None;
    }

    /// <summary>Closes a session. None, or Expired if there is none.</summary>
    public Refusal Close(SessionId id)
    {
        if (!_sessions.TryGetValue(id.Value, out var session))
            return Refusal.SessionExpired;
        Remove(session);
        Counters.Closed.Add(1);
        return Refusal.None;
    }

    /// <summary>
    /// Whether the commands under way must be completed before the next entry of that session can be judged: their replies, each as large
    /// as a kept one can be, might reach a limit. Judging without them would make the verdict depend on where a batch ends, which
    /// differs from replica to replica; so would a session opened behind them, which may take the room of their replies. Ask for every
    /// session entry, before anything else is done for it.
    /// </summary>
    public bool MustKnowReplies(SessionId id) => _pending > 0
        && (Charge + SessionLimits.SessionOverhead + ((long)_pending * limits.MaxCharge) >= limits.MaxTotalBytes
            || (_sessions.TryGetValue(id.Value, out var session) && session.Pending > 0
                && session.Charge + ((long)session.Pending * limits.MaxCharge) >= limits.MaxSessionBytes));

    /// <summary>Judges a command at an entry. If it is new, <see cref="Complete"/> follows once the state machine has replied.</summary>
    public SessionVerdict Judge(in SessionEntry command, LogPosition position, long time)
    {
        if (!_sessions.TryGetValue(command.Session.Value, out var session))
            return new(Refusal.SessionExpired, null, false);
        Use(session, position.Index, time, command.AcknowledgedUpTo);
        if (command.Sequence <= session.Acknowledged)
            return new(Refusal.SessionStale, null, false);
        if (session.Find(command.Sequence) is { } reply)
        {
            Counters.Repeated.Add(1);
            return new(Refusal.None, reply, false);
        }

        // The sequence that holds up the acknowledgement of all behind it always gets through. Counter-example: 5 was lost on its way,
        // the replies to 6 and 7 fill the session, the client cannot acknowledge them before it has 5, and 5 would be refused for ever.
        var isNext = command.Sequence == session.Acknowledged + 1;
        if (command.Sequence - session.Acknowledged > limits.Window || (session.Charge >= limits.MaxSessionBytes && !isNext))
        {
            Counters.WindowFull.Add(1);
            return new(Refusal.SessionWindowFull, null, false);
        }

        if (Charge >= limits.MaxTotalBytes)
        {
            EvictOne(time);
            if (Charge >= limits.MaxTotalBytes && !(isNext && session.Replies > 0))
                return new(Refusal.SessionTableFull, null, false);
        }

        session.Pending++;
        _pending++;
        return new(Refusal.None, session.Begin(command.Sequence, position), true);
    }

    /// <summary>The state machine replied to a command that was judged new.</summary>
    public void Complete(StoredReply reply, ReadOnlySpan<byte> bytes)
    {
        reply.Complete(bytes, bytes.Length <= limits.MaxReplyBytes && Charge < limits.MaxTotalBytes);
        var session = reply.Owner;
        session.Pending--;
        _pending--;
        if (!session.IsOpen)
            return; // Closed, expired or evicted by a later entry of the same batch.
        Keep(session, reply);
    }

    /// <summary>Fixes the state of this moment; later entries do not show in it.</summary>
    public SessionSnapshot Capture()
    {
        Invariant.Check(_pending == 0, "sessions are captured between two batches");
        var heads = new SessionHead[Count];
        var replies = new StoredReply[Replies];
        var (head, used) = (0, 0);
        foreach (var session in InOrder)
        {
            var count = session.CopyReplies(replies.AsSpan(used));
            heads[head++] = new(session.Id, session.IdleTimeout, session.LastTime, session.LastIndex, session.Acknowledged, count);
            used += count;
        }

        return new(heads, replies);
    }

    /// <summary>Replaces everything by what a snapshot holds.</summary>
    /// <exception cref="InvalidDataException">The bytes are no sessions.</exception>
    public void Restore(ISnapshotReader source)
    {
        foreach (var session in _sessions.Values)
            session.IsOpen = false;
        _sessions.Clear();
        _deadlines.Clear();
        (_oldest, _newest, _pending, Charge, Replies, Hash) = (null, null, 0, 0, 0, 0);
        Counters.Open.Set(0);
        var reader = new SessionSnapshotReader(source, limits);
        for (var left = reader.ReadCount(); left > 0; left--)
        {
            var head = reader.ReadHead(_newest?.LastIndex ?? LogIndex.Zero);
            var session = new Session(head.Id, head.IdleTimeout);
            session.Use(head.LastIndex, head.LastTime, head.Acknowledged);
            if (_sessions.ContainsKey(head.Id.Value))
                throw SessionSnapshotReader.Damaged($"session {head.Id}, which stands there twice");
            Add(session);
            var sequence = head.Acknowledged;
            for (var replies = head.Replies; replies > 0; replies--)
            {
                var read = reader.ReadReply(head, sequence, out var bytes);
                sequence = read.Sequence;
                var reply = session.Begin(sequence, read.Position);
                reply.Complete(bytes, read.IsKept);
                Keep(session, reply);
            }
        }
    }

    /// <summary>
    /// The session idle for longest goes, so that clients that died do not lock out others until their timeouts; but not one in use, or
    /// a crowd of openings would end every session before its first command.
    /// </summary>
    private void EvictOne(long time)
    {
        if (_oldest is not { } oldest || time - oldest.LastTime < limits.EvictAfterIdle)
            return;
        Remove(oldest);
        Counters.Evicted.Add(1);
    }

    private void Keep(Session session, StoredReply reply)
    {
        var before = session.Hash;
        var charge = session.Complete(reply);
        if (charge == 0)
            return; // Acknowledged by a later entry of the same batch.
        Hash += session.Hash - before;
        Charge += charge;
        Replies++;
    }

    private void Use(Session session, LogIndex index, long time, long acknowledged)
    {
        var (hash, replies) = (session.Hash, session.Replies);
        Charge -= session.Use(index, time, acknowledged);
        Hash += session.Hash - hash;
        Replies -= replies - session.Replies;
        if (session == _newest)
            return;
        Unlink(session);
        Link(session);
    }

    private void Add(Session session)
    {
        _sessions.Add(session.Id.Value, session);
        _deadlines.Add(session);
        Hash += session.Hash;
        Charge += SessionLimits.SessionOverhead;
        Link(session);
        Counters.Open.Set(Count);
    }

    private void Remove(Session session)
    {
        session.IsOpen = false;
        _sessions.Remove(session.Id.Value);
        _deadlines.Remove(session);
        Unlink(session);
        Hash -= session.Hash;
        Charge -= SessionLimits.SessionOverhead + session.Charge;
        Replies -= session.Replies;
        Counters.Open.Set(Count);
    }

    private void Link(Session session)
    {
        (session.Older, session.Newer) = (_newest, null);
        if (_newest is not null)
            _newest.Newer = session;
        else
            _oldest = session;
        _newest = session;
    }

    private void Unlink(Session session)
    {
        if (session.Older is not null)
            session.Older.Newer = session.Newer;
        else
            _oldest = session.Newer;
        if (session.Newer is not null)
            session.Newer.Older = session.Older;
        else
            _newest = session.Older;
        (session.Older, session.Newer) = (null, null);
    }
}
