namespace RaftStream.StreamStateMachine;

/// <summary>An accumulator for each key and window. What came too late for all of its windows is counted and given to the late output.</summary>
internal abstract class WindowNode<TKey, TIn, T, TAcc, TResult> : StreamNode<Keyed<Windowed<TKey>, TResult>>, IInput<Keyed<TKey, TIn>>
{
    protected WindowNode(TopologyGraph graph, string? name, StreamNode<Keyed<TKey, TIn>> from, IKeyCodec<TKey> key, WindowSpec spec, Aggregation<T, TAcc, TResult> aggregation, Func<TAcc, TIn, TAcc> take, LateNode<TKey, TIn>? late)
        : base(graph, $"{aggregation.Name} window", name, from)
    {
        (Key, Spec, Aggregation, Take, Late) = (key, spec, aggregation, take, late);
        Codec = new KeyedCodec<Windowed<TKey>, TResult>(KeyCodecs.Windowed(key), aggregation.ResultCodec);
    }

    public TopologyNode Node => this;

    public override bool IsStateful => true;

    public override string Detail => $"{Key.Name}; {Spec.Detail}; {Aggregation.Detail}";

    public override IEnumerable<Delegate> UserCode => Aggregation.UserCode;

    public IKeyCodec<TKey> Key { get; }

    public WindowSpec Spec { get; }

    public Aggregation<T, TAcc, TResult> Aggregation { get; }

    public Func<TAcc, TIn, TAcc> Take { get; }

    private LateNode<TKey, TIn>? Late { get; }

    public IReceiver<Keyed<TKey, TIn>> Connect(Pipeline pipeline)
    {
        var apply = (ApplyPipeline)pipeline;
        var panes = new WindowPanes<TKey, T, TAcc, TResult>(apply.Context, this, Spec, Key, Aggregation, pipeline.Behind(this));
        var late = new LateRecords<TKey, TIn>(apply.Context, this, Late is null ? null : pipeline.Behind(Late));
        var receiver = Connect(apply.Context, panes, late);
        apply.AddTarget(this, receiver);
        return Spec.Assigner is GlobalWindow ? receiver : new PlacedRecords<TKey, TIn>(receiver, late);
    }

    protected abstract WindowReceiver<TKey, TIn> Connect(JobContext context, WindowPanes<TKey, T, TAcc, TResult> panes, LateRecords<TKey, TIn> late);
}

/// <summary>Takes records and timers.</summary>
internal abstract class WindowReceiver<TKey, TIn> : IReceiver<Keyed<TKey, TIn>>, ITimerTarget
{
    public abstract void Receive(in Record<Keyed<TKey, TIn>> record);

    public abstract void OnTimer(long time, ReadOnlySpan<byte> payload);
}

/// <summary>
/// Keeps away from windows what lies where none can be. What the global window gives out has the end of time for its time, and is too late for all others. What a timer of log time
/// gives out before there is a watermark has no time yet.
/// </summary>
internal sealed class PlacedRecords<TKey, TIn>(IReceiver<Keyed<TKey, TIn>> windows, LateRecords<TKey, TIn> late) : IReceiver<Keyed<TKey, TIn>>
{
    public void Receive(in Record<Keyed<TKey, TIn>> record)
    {
        if (record.Time > TimeWindow.FurthestTime)
            late.Take(record);
        else if (record.Time < -TimeWindow.FurthestTime)
            throw new PoisonRecordException("It was given out before there was any event time, which its windows go by: give it out for a record, or by a timer of event time.");
        else
            windows.Receive(record);
    }
}

/// <summary>What came too late for its windows, as a stream. Its records are those that the window operator sets aside.</summary>
internal sealed class LateNode<TKey, TIn> : StreamNode<Keyed<TKey, TIn>>
{
    public LateNode(TopologyGraph graph, StreamNode<Keyed<TKey, TIn>> from)
        : base(graph, "late", null, from) => Codec = from.Codec;

    public override bool IsStateful => true; // Lateness is judged in Apply.

    /// <summary>The aggregation whose late records it has: there is one, or each record would be there once for each of them.</summary>
    public string? Owner { get; set; }

    public override IEnumerable<string> Problems => Owner is null
        ? [.. base.Problems, $"'{Name}' is a late output that no aggregation gives anything to: call LateTo(...) in front of the aggregation."]
        : base.Problems;
}

/// <summary>Counts what comes too late, and passes it on where somebody wants it.</summary>
internal sealed class LateRecords<TKey, TIn>(JobContext context, TopologyNode node, IReceiver<Keyed<TKey, TIn>>? next)
{
    public void Take(in Record<Keyed<TKey, TIn>> record)
    {
        context.Sums.CountLate(node);
        next?.Receive(record);
    }
}
