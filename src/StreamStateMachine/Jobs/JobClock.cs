namespace RaftStream.StreamStateMachine;

/// <summary>
/// How far event time has come, for each set of sources that operators depend on (a domain), and the firing of what is due.
/// </summary>
/// <remarks>
/// A watermark moves in steps: all timers up to it fire in the order of their times, and of operators where these are equal, and only then does it stand. While a timer for t fires, the
/// operators up to its own have seen t and those behind have not, so what it gives out is on time for them. Flink has each operator see a watermark after those before it, which comes to the same.
/// How many timers fire in one command is bounded; while some are still due, the job takes no records.
/// </remarks>
internal sealed class JobClock(JobContext context)
{
    private readonly long[] _watermarks = new long[context.Job.Domains.Count];
    private readonly KeyBuffer _key = new();
    private int _firingDomain = -1;
    private int _firingNode;
    private long _firingTime;

    /// <summary>Reads where the watermarks stand: when a command begins, and when one was taken back.</summary>
    public void Load()
    {
        for (var domain = 0; domain < _watermarks.Length; domain++)
        {
            WriteKey(domain);
            _watermarks[domain] = context.State.TryGet(_key.Span, out var stored) ? Codecs.Int64.Read(stored) : long.MinValue;
        }
    }

    /// <summary>The watermark of a domain.</summary>
    public long WatermarkOf(int domain) => _watermarks[domain];

    /// <summary>The watermark as an operator sees it.</summary>
    public long WatermarkOf(TopologyNode node)
    {
        var standing = _watermarks[node.Domain];
        return node.Domain != _firingDomain ? standing : Math.Max(standing, node.Id <= _firingNode ? _firingTime : _firingTime - 1);
    }

    /// <summary>Whether all sources of an operator have ended: its watermark is at the end of time, or on its way there.</summary>
    public bool HasEnded(TopologyNode node) => Target(node.Domain) == long.MaxValue;

    /// <summary>Whether timers are due that the commands so far have not fired.</summary>
    public bool IsBehind
    {
        get
        {
            for (var domain = 0; domain < _watermarks.Length; domain++)
            {
                if (Target(domain) > _watermarks[domain])
                    return true;
            }

            return false;
        }
    }

    /// <summary>Fires what is due, so many timers at the most. False: more are due.</summary>
    public bool Fire(ApplyPipeline pipeline, int most)
    {
        while (context.Timers.TakeLog() is { } due)
        {
            Fire(pipeline, due);
            if (--most == 0)
                return false;
        }

        for (var domain = 0; domain < _watermarks.Length; domain++)
        {
            var target = Math.Max(_watermarks[domain], Target(domain));
            while (context.Timers.TakeEvent(domain, target) is { } due)
            {
                (_firingDomain, _firingNode, _firingTime) = (domain, due.Node, due.Time);
                Fire(pipeline, due);
                _firingDomain = -1;
                if (--most == 0)
                    return false;
            }

            Stand(domain, target);
        }

        return true;
    }

    private void Fire(ApplyPipeline pipeline, DueTimer due)
    {
        if (due.Node == JobTimers.OwnTimer)
        {
            context.Partitions.OnTimer(due.Payload);
            return;
        }

        var target = pipeline.Target(due.Node);
        Invariant.Check(target is not null, "a timer is one of an operator that sets timers");
        var mark = context.State.Mark();
        try
        {
            target!.OnTimer(due.Time, due.Payload);
        }
        catch (PoisonRecordException poison)
        {
            context.State.RollbackTo(mark);
            context.Letters.AddTimer(context.Job.Nodes[due.Node].Name, poison.Message);
        }
    }

    /// <summary>
    /// The least watermark of the partitions that are not idle. A source of which no partition is known yet holds everything back; where all are idle, the watermark stays.
    /// </summary>
    private long Target(int domain)
    {
        long? least = null;
        foreach (var source in context.Job.Domains[domain])
        {
            if (context.Partitions.WatermarkOf(source, out var isKnown) is { } watermark)
                least = least is { } other ? Math.Min(other, watermark) : watermark;
            else if (!isKnown)
                return long.MinValue;
        }

        return least ?? long.MinValue;
    }

    private void Stand(int domain, long watermark)
    {
        if (_watermarks[domain] == watermark)
            return;
        _watermarks[domain] = watermark;
        WriteKey(domain);
        var value = new System.Buffers.ArrayBufferWriter<byte>(16);
        Codecs.Int64.Write(value, watermark);
        context.State.Put(_key.Span, value.WrittenSpan);
    }

    private void WriteKey(int domain)
    {
        _key.Cut(0);
        _key.Write(StateKeys.Watermark);
        _key.Write((byte)domain);
    }
}
