namespace RaftStream.StreamStateMachine;

/// <summary>Timers as entries of the state, in the order in which they are due: by domain, time, operator and what they are for.</summary>
internal sealed class JobTimers(JobContext context)
{
    /// <summary>Stands for an operator where the timer is one of the job's own: see <see cref="JobPartitions"/>.</summary>
    public const ushort OwnTimer = ushort.MaxValue;

    /// <summary>The domain of log time; those of event time follow.</summary>
    private const byte LogDomain = 0;

    private const int TimeAt = 2;
    private const int NodeAt = TimeAt + sizeof(long);
    private const int PayloadAt = NodeAt + sizeof(ushort);

    private readonly KeyBuffer _key = new();

    /// <summary>Sets a timer of event time; the same one again changes nothing.</summary>
    public void Set(TopologyNode node, long time, ReadOnlySpan<byte> payload) => Put(EventDomain(node.Domain), time, (ushort)node.Id, payload);

    /// <summary>Takes a timer of event time back.</summary>
    public void Cancel(TopologyNode node, long time, ReadOnlySpan<byte> payload) => Remove(EventDomain(node.Domain), time, (ushort)node.Id, payload);

    /// <summary>Sets a timer of log time.</summary>
    public void SetLog(TopologyNode node, long time, ReadOnlySpan<byte> payload) => Put(LogDomain, time, (ushort)node.Id, payload);

    /// <summary>Takes a timer of log time back.</summary>
    public void CancelLog(TopologyNode node, long time, ReadOnlySpan<byte> payload) => Remove(LogDomain, time, (ushort)node.Id, payload);

    /// <summary>Whether such a timer of log time is set.</summary>
    public bool HasLog(TopologyNode node, long time, ReadOnlySpan<byte> payload)
    {
        Write(LogDomain, time, (ushort)node.Id, payload);
        return context.State.TryGet(_key.Span, out _);
    }

    /// <summary>Sets a timer of log time of the job's own.</summary>
    public void SetOwn(long time, ReadOnlySpan<byte> payload) => Put(LogDomain, time, OwnTimer, payload);

    /// <summary>Takes out the next timer of a domain that is due; null: none is.</summary>
    public DueTimer? TakeEvent(int domain, long watermark) => Take(EventDomain(domain), watermark);

    /// <summary>Takes out the next timer of log time that is due; null: none is.</summary>
    public DueTimer? TakeLog() => Take(LogDomain, context.LogTime);

    /// <summary>The log time at which the next timer is due; null: there is none.</summary>
    public long? NextLog() => Find(LogDomain, out var found) ? StateKeys.Int64At(found, TimeAt) : null;

    private static byte EventDomain(int domain) => checked((byte)(domain + 1));

    private DueTimer? Take(byte domain, long until)
    {
        if (!Find(domain, out var found) || StateKeys.Int64At(found, TimeAt) > until)
            return null;
        var due = new DueTimer(StateKeys.Int64At(found, TimeAt), (found[NodeAt] << 8) | found[NodeAt + 1], found[PayloadAt..].ToArray());
        _key.Cut(0);
        _key.WriteRaw(found);
        context.State.Remove(_key.Span);
        return due;
    }

    private bool Find(byte domain, out ReadOnlySpan<byte> found)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Timer);
        _key.Write(domain);
        return context.State.TryCeiling(_key.Span, out found, out _) && found.StartsWith(_key.Span);
    }

    private void Put(byte domain, long time, ushort node, ReadOnlySpan<byte> payload)
    {
        Write(domain, time, node, payload);
        context.State.Put(_key.Span, []);
    }

    private void Remove(byte domain, long time, ushort node, ReadOnlySpan<byte> payload)
    {
        Write(domain, time, node, payload);
        context.State.Remove(_key.Span);
    }

    private void Write(byte domain, long time, ushort node, ReadOnlySpan<byte> payload)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Timer);
        _key.Write(domain);
        _key.Write(time);
        _key.Write(node);
        _key.WriteRaw(payload);
    }
}

/// <summary>A timer that is due.</summary>
/// <param name="Time">For when it was set.</param>
/// <param name="Node">Whose it is: an operator's number, or <see cref="JobTimers.OwnTimer"/>.</param>
/// <param name="Payload">What it was set with.</param>
internal sealed record DueTimer(long Time, int Node, byte[] Payload);
