using RaftStream.Raft.Runtime;

namespace RaftStream.Raft.Tests.Machine;

/// <summary>Sessions in the plainest way: one entry at a time, lists, sums taken anew. What the real table is compared with.</summary>
internal sealed class SessionModel(SessionLimits limits)
{
    private readonly List<One> _sessions = [];

    /// <summary>What was run on the state machine, in order.</summary>
    public List<byte[]> Ran { get; } = [];

    public int Count => _sessions.Count;

    private long Charge => _sessions.Sum(static session => SessionLimits.SessionOverhead + session.Charge);

    /// <summary>Applies an entry: its answer.</summary>
    public Answer Apply(EntryKind kind, LogPosition position, long time, ReadOnlyMemory<byte> payload)
    {
        if (kind == EntryKind.Command)
            return new(Outcome.Applied, Refusal.None, position, Run(payload));
        _sessions.RemoveAll(session => time >= session.LastTime + session.Timeout);
        if (kind == EntryKind.SnapshotPoint)
            return default;
        if (!SessionEntry.TryRead(payload.Span, out var entry))
            return Refuse(Refusal.SessionMalformed, position);
        return entry.Operation switch
        {
            SessionOperation.Open => Open(entry, position, time),
            SessionOperation.Close => _sessions.RemoveAll(session => session.Id == entry.Session.Value) == 0
                ? Refuse(Refusal.SessionExpired, position)
                : new(Outcome.Applied, Refusal.None, position, default),
            _ => Command(entry, position, time, payload[SessionEntry.CommandHeaderSize..]),
        };
    }

    private static Answer Refuse(Refusal refusal, LogPosition position) => new(Outcome.Rejected, refusal, position, default);

    private Answer Open(SessionEntry entry, LogPosition position, long time)
    {
        if (_sessions.Count == limits.MaxSessions)
            Evict(time);
        if (_sessions.Count == limits.MaxSessions)
            return Refuse(Refusal.SessionTableFull, position);
        _sessions.Add(new() { Id = position.Index.Value, Timeout = entry.IdleTimeout, LastTime = time, LastIndex = position.Index.Value });
        return new(Outcome.Applied, Refusal.None, position, default);
    }

    private Answer Command(SessionEntry entry, LogPosition position, long time, ReadOnlyMemory<byte> payload)
    {
        if (_sessions.Find(session => session.Id == entry.Session.Value) is not { } session)
            return Refuse(Refusal.SessionExpired, position);
        (session.LastTime, session.LastIndex) = (time, position.Index.Value);
        session.Acknowledged = Math.Max(session.Acknowledged, entry.AcknowledgedUpTo);
        foreach (var sequence in session.Replies.Keys.Where(sequence => sequence <= session.Acknowledged).ToArray())
            session.Replies.Remove(sequence);
        if (entry.Sequence <= session.Acknowledged)
            return Refuse(Refusal.SessionStale, position);
        if (session.Replies.TryGetValue(entry.Sequence, out var before))
            return new(Outcome.Applied, before.Reply is null ? Refusal.ReplyNotKept : Refusal.None, before.Position, before.Reply);
        var isNext = entry.Sequence == session.Acknowledged + 1;
        if (entry.Sequence - session.Acknowledged > limits.Window || (session.Charge >= limits.MaxSessionBytes && !isNext))
            return Refuse(Refusal.SessionWindowFull, position);
        if (Charge >= limits.MaxTotalBytes)
            Evict(time);
        if (Charge >= limits.MaxTotalBytes && !(isNext && session.Replies.Count > 0))
            return Refuse(Refusal.SessionTableFull, position);
        var reply = Run(payload);
        session.Replies.Add(entry.Sequence, (position, reply.Length <= limits.MaxReplyBytes && Charge < limits.MaxTotalBytes ? reply : null));
        return new(Outcome.Applied, Refusal.None, position, reply);
    }

    private void Evict(long time)
    {
        var oldest = _sessions.MinBy(static session => session.LastIndex);
        if (oldest is not null && time - oldest.LastTime >= limits.EvictAfterIdle)
            _sessions.Remove(oldest);
    }

    private byte[] Run(ReadOnlyMemory<byte> payload)
    {
        Ran.Add(payload.ToArray());
        return ChainMachine.ReplyTo(payload.Span);
    }

    private sealed class One
    {
        public required long Id { get; init; }

        public required long Timeout { get; init; }

        public long LastTime { get; set; }

        public long LastIndex { get; set; }

        public long Acknowledged { get; set; }

        public SortedDictionary<long, (LogPosition Position, byte[]? Reply)> Replies { get; } = [];

        public int Charge => Replies.Values.Sum(static reply => SessionLimits.ReplyOverhead + (reply.Reply?.Length ?? 0));
    }
}
